import path from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Command } from 'commander'
import type { Announcement } from '../events/announcement.ts'
import { Fault } from '../events/faults.ts'
import { chooseAddress, readAddress, type Address } from '../local/address.ts'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'
import { bucketNames, endpointOf, openClient, region } from '../local/buckets.ts'
import { serve as serveBuckets } from '../local/serve.ts'
import { openWeights } from '../local/weights.ts'
import { tasks } from '../tasks/index.ts'
import { missingLines, note, print, printJson } from './output.ts'
import type { Shell } from './shell.ts'

/** Where the buckets of this machine lie, unless another place is named. */
const defaultFolder = () => path.join(clipmillHome(), 'serve')

export const addFolderOption = (command: Command) =>
  command.option('--folder <folder>', 'where clipmill serve keeps everything', defaultFolder())

export const addServe = (program: Command, shell: Shell) => {
  addFolderOption(
    program
      .command('serve')
      .description('two buckets on this machine: a clip goes into one, results come out of the other')
  )
    .option('--port <number>', 'of the buckets; the same at the next start (default 7427)', Number)
    .option('--inbox <folder>', 'files that are put here are uploaded (default: inbox/ in the folder)')
    .option('--webhook <address>', 'gets announcements by POST, signed')
    .option(
      '--models <a,b,…>',
      'models that jobs may name besides those of all weights here, e.g. yolox-s@float16',
      (list: string) => list.split(',')
    )
    .option('--json', 'one JSON object a line: first how to reach the buckets, then announcements', false)
    .action(async (flags: ServeFlags) => {
      shell.exit = await serve(flags, shell.interruptible(), shell.json)
    })

  addFolderOption(
    program
      .command('link <put|get> <key>')
      .description('a link to upload to uploads/KEY or to download results/KEY for whoever has no keys')
  )
    .option('--expires <seconds>', 'how long it is good for, at most a week', Number, 3600)
    .option('--json', 'as JSON', false)
    .action(async (method: string, key: string, flags: { folder: string; expires: number }) => {
      const link = await makeLink(method, key, flags)
      if (shell.json) printJson({ link })
      else print(link)
    })
}

interface ServeFlags {
  folder: string
  port?: number
  inbox?: string
  webhook?: string
  models?: string[]
}

/** Serves until it is interrupted. @returns the exit code */
const serve = async (flags: ServeFlags, signal: AbortSignal, json: boolean): Promise<number> => {
  const { folder, port, webhook } = flags
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536))
    throw new Fault('usage-wrong', { problem: '--port takes a number from 1 to 65535' })
  if (webhook !== undefined && !/^https?:$/.test(URL.parse(webhook)?.protocol ?? ''))
    throw new Fault('usage-wrong', { problem: '--webhook takes an http or https address' })
  const models = path.join(clipmillHome(), 'models')
  await ensureModels(models, [...(await openWeights().present()), ...(flags.models ?? [])])
  const inbox = path.resolve(flags.inbox ?? path.join(folder, 'inbox'))
  const address = await chooseAddress(folder, port)
  const show = json ? (announcement: Announcement) => void printLine(announcement) : tell
  await serveBuckets({
    folder,
    models,
    address,
    inbox,
    webhook,
    show,
    warn: problem => note(`warning: ${problem}`),
    onReady: () => {
      if (json)
        printLine({
          endpoint: endpointOf(address.port),
          region,
          ...address.credentials,
          buckets: bucketNames,
          inbox,
          webhookSecret: webhook && address.webhookSecret
        })
      else introduce(address, path.resolve(folder), inbox, webhook)
    },
    signal
  })
  note('stopped; what is unfinished goes on at the next start')
  return 0
}

const printLine = (value: unknown) => print(JSON.stringify(value))

const introduce = (
  { port, credentials, webhookSecret }: Address,
  folder: string,
  inbox: string,
  webhook?: string
) => {
  const endpoint = endpointOf(port)
  const [task] = Object.keys(tasks)
  const where = folder === path.resolve(defaultFolder()) ? '' : ` --folder ${quoted(folder)}`
  print(`clipmill serves at ${endpoint}

  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region}
  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}

  aws s3 cp clip.mp4 s3://${bucketNames.uploads}/${task}/clip.mp4
  curl -T clip.mp4 "$(clipmill link put ${task}/clip.mp4${where})"
  cp clip.mp4 ${quoted(path.join(inbox, task))}/

  results: s3://${bucketNames.results}/${task}/clip.mp4/
  jobs:    clipmill jobs ls · show ID · cancel ID · retry ID${where && `, each with${where}`}
${webhook ? `  webhook: ${webhook}, signed with ${webhookSecret}\n` : ''}`)
}

/** As a shell takes it for one word. */
const quoted = (file: string) => (/^[\w/.-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`)

/** One line for each announcement but progress. */
const tell = (announcement: Announcement) => {
  if (announcement.type === 'job.progress') return
  const what =
    announcement.type === 'upload.refused'
      ? `${announcement.bucket}/${announcement.key}`
      : `${announcement.job}  ${announcement.key}`
  print(`${announcement.at}  ${announcement.type}  ${what}`)
  if ('fault' in announcement)
    print(`  ${announcement.fault.code}: ${announcement.fault.message}\n  ${announcement.fault.next}`)
  if (!('manifest' in announcement)) return
  for (const line of missingLines(announcement)) print(line)
  print(`  ${bucketNames.results}/${announcement.manifest}`)
}

const longestLink = 7 * 24 * 3600

const makeLink = async (
  method: string,
  given: string,
  { folder, expires }: { folder: string; expires: number }
) => {
  if (method !== 'put' && method !== 'get')
    throw new Fault('usage-wrong', { problem: 'a link is for put or for get' })
  if (!(expires >= 1 && expires <= longestLink))
    throw new Fault('usage-wrong', { problem: `--expires takes 1 to ${longestLink} seconds` })
  const key = keyOf(method, given)
  const { port, credentials } = await readAddress(folder)
  const client = openClient(port, credentials, { checksums: false })
  const command =
    method === 'put'
      ? new PutObjectCommand({ Bucket: bucketNames.uploads, Key: key })
      : new GetObjectCommand({ Bucket: bucketNames.results, Key: key })
  const link = await getSignedUrl(client, command, { expiresIn: expires })
  client.destroy()
  return link
}

/** A key as people copy it: an address `s3://BUCKET/KEY`, and `results/KEY` as `jobs show` prints it, mean KEY. */
const keyOf = (method: 'put' | 'get', given: string) => {
  const key = given.replace(method === 'put' ? /^s3:\/\/uploads\// : /^(s3:\/\/)?results\//, '')
  if (key !== '' && !key.startsWith('s3://')) return key
  const bucket = bucketNames[method === 'put' ? 'uploads' : 'results']
  throw new Fault('usage-wrong', { problem: `"${given}" is no key in the bucket ${bucket}` })
}
