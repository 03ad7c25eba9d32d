import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Announcement } from '../events/announcement.ts'
import { signWebhook, webhookHeaders } from '../events/webhook.ts'

export interface WebhookOptions {
  url: string
  secret: string
  /** Keeps what is to be sent until it was received, through ends and starts of the process; `failed/` what never was. */
  folder: string
  /** Told of each try that went wrong. */
  onFailure: (problem: { id: string; reason: string; given: boolean }) => void
  /** First pause in milliseconds; each further one is twice as long, up to five minutes. */
  pause?: number
  /** Tries for each announcement. */
  tries?: number
}

export interface Webhook extends AsyncDisposable {
  /** Resolves once the announcement is safe on the disk: it is then sent, at least once, one after the other. */
  send: (announcement: Announcement) => Promise<void>
}

const answerLimit = 10_000
const longestPause = 300_000

/** Sends announcements by POST as JSON, signed (see events/webhook.ts), again with growing pauses until it answers 2xx. */
export const openWebhook = async ({
  url,
  secret,
  folder,
  onFailure,
  pause = 1000,
  tries = 12
}: WebhookOptions): Promise<Webhook> => {
  const failed = path.join(folder, 'failed')
  await mkdir(failed, { recursive: true })
  const closed = new AbortController()
  const waiting = (await readdir(folder)).filter(name => name.endsWith('.json')).toSorted()
  let working = Promise.resolve()

  const post = async (name: string) => {
    const body = await readFile(path.join(folder, name), 'utf8')
    const id = path.parse(name).name
    const time = Math.floor(Date.now() / 1000)
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [webhookHeaders.id]: id,
        [webhookHeaders.time]: String(time),
        [webhookHeaders.signature]: signWebhook(secret, id, time, body)
      },
      body,
      redirect: 'error',
      signal: AbortSignal.any([closed.signal, AbortSignal.timeout(answerLimit)])
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`it answered ${response.status}`)
  }

  const deliver = async (name: string) => {
    const file = path.join(folder, name)
    for (let attempt = 1; !closed.signal.aborted; attempt++) {
      try {
        await post(name)
        await rm(file)
        return
      } catch (error) {
        if (closed.signal.aborted) return
        const given = attempt >= tries
        onFailure({ id: path.parse(name).name, reason: reasonOf(error), given })
        if (given) {
          await rename(file, path.join(failed, name))
          return
        }
        await sleep(Math.min(longestPause, pause * 2 ** (attempt - 1)), undefined, {
          signal: closed.signal
        }).catch(() => undefined)
      }
    }
  }
  const queue = (name: string) => {
    working = working.then(() => deliver(name))
  }
  for (const name of waiting) queue(name)

  return {
    async send(announcement) {
      // Names in order of time, so that a later process sends them in order.
      const name = `${String(Date.now()).padStart(15, '0')}-${randomUUID()}.json`
      const file = path.join(folder, name)
      await writeFile(`${file}.new`, JSON.stringify(announcement), { flush: true })
      await rename(`${file}.new`, file)
      queue(name)
    },
    async [Symbol.asyncDispose]() {
      closed.abort()
      await working
    }
  }
}

const reasonOf = (error: unknown) => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
