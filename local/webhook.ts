import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Announcement } from '../events/announcement.ts'
import { postSigned } from '../functions/webhook/post.ts'
import { readPresent, writeWhole } from './files.ts'

export interface WebhookOptions {
  url: string
  secret: string
  /** Keeps what is to be sent until it was received, through ends and starts of the process; `failed/` what never was. */
  folder: string
  /** Told of each try that went wrong. */
  warn: (problem: string) => void
  /** First pause in milliseconds; each further one is twice as long, up to five minutes. */
  pause?: number
  /** Tries for each announcement, counted anew by each process. */
  tries?: number
}

export interface Webhook extends AsyncDisposable {
  /** Resolves once the announcement is safe on the disk: it is then sent, at least once, one after the other. */
  send: (announcement: Announcement) => Promise<void>
}

const longestPause = 300_000

/** An answer of the webhook that says that the same request will never be taken. */
class Refusal extends Error {}
/** Those of 400..499 that ask to come again: it took too long, it was too much. */
const comeAgain = [408, 429]

/** Sends announcements by POST as JSON, signed (see events/webhook.ts), again with growing pauses until it answers 2xx. */
export const openWebhook = async ({
  url,
  secret,
  folder,
  warn,
  pause = 1000,
  tries = 12
}: WebhookOptions): Promise<Webhook> => {
  await mkdir(folder, { recursive: true })
  const closed = new AbortController()
  let working = Promise.resolve()

  const post = async (id: string, body: string) => {
    const status = await postSigned({ url, secret }, id, body, [closed.signal])
    if (status >= 400 && status < 500 && !comeAgain.includes(status))
      throw new Refusal(`it answered ${status}`)
    if (status < 200 || status >= 300) throw new Error(`it answered ${status}`)
  }

  const deliver = async (name: string) => {
    const file = path.join(folder, name)
    const id = path.parse(name).name
    for (let attempt = 1; !closed.signal.aborted; attempt++) {
      const body = await readPresent(file)
      // Somebody does not want it sent.
      if (body === undefined) return
      try {
        await post(id, body)
        await rm(file, { force: true })
        return
      } catch (error) {
        if (closed.signal.aborted) return
        const given = error instanceof Refusal || attempt >= tries
        warn(
          `${reasonOf(error)}; ${id} is ${given ? `given up and kept in ${await putAside(name)}` : 'sent again'}`
        )
        if (given) return
        const longer = Math.min(longestPause, pause * 2 ** (attempt - 1))
        await sleep(longer, undefined, { signal: closed.signal }).catch(() => undefined)
      }
    }
  }
  const putAside = async (name: string) => {
    const failed = path.join(folder, 'failed')
    await mkdir(failed, { recursive: true })
    await rename(path.join(folder, name), path.join(failed, name))
    return failed
  }
  const queue = (name: string) => {
    working = working
      .then(() => deliver(name))
      // Where it still lies there, the next start sends it.
      .catch((error: unknown) => warn(`${name} could not be dealt with: ${reasonOf(error)}`))
  }
  const waiting = (await readdir(folder)).filter(name => name.endsWith('.json')).toSorted()
  for (const name of waiting) queue(name)

  let count = 0
  return {
    async send(announcement) {
      // Names in order of time, so that a later process sends them in order.
      const name = `${digits(15, Date.now())}-${digits(6, count++)}-${randomUUID()}.json`
      await writeWhole(path.join(folder, name), JSON.stringify(announcement))
      queue(name)
    },
    async [Symbol.asyncDispose]() {
      closed.abort()
      await working
    }
  }
}

const digits = (count: number, number: number) => String(number).padStart(count, '0')

const reasonOf = (error: unknown) => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
