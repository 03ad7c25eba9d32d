import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../events/faults.ts'

const secret = z.string().min(16)

/** Where the buckets of this machine are reached and with which keys; the same at every start. */
const address = z.strictObject({
  port: z.int().min(1).max(65535),
  credentials: z.strictObject({ accessKeyId: z.string().min(1), secretAccessKey: secret }),
  webhookSecret: secret
})
export type Address = z.infer<typeof address>

const fileIn = (folder: string) => path.join(folder, 'address.json')

/** @throws Fault serve-missing where nobody has ever served from the folder; address-invalid */
export const readAddress = async (folder: string): Promise<Address> => {
  const file = fileIn(folder)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Fault('serve-missing', { folder })
    throw error
  })
  try {
    return address.parse(JSON.parse(text))
  } catch {
    throw new Fault('address-invalid', { file })
  }
}

/** The folder's address, made at the first start; a port that is given replaces the one that was kept. */
export const keepAddress = async (folder: string, port?: number): Promise<Address> => {
  const kept = await readAddress(folder).catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'serve-missing') return undefined
    throw error
  })
  if (kept && (port ?? kept.port) === kept.port) return kept
  const made: Address = {
    credentials: { accessKeyId: 'clipmill', secretAccessKey: newSecret() },
    webhookSecret: newSecret(),
    ...kept,
    port: port ?? defaultPort
  }
  await mkdir(folder, { recursive: true })
  const file = fileIn(folder)
  // Keys are nobody else's.
  await writeFile(`${file}.new`, JSON.stringify(made, null, 2), { mode: 0o600 })
  await rename(`${file}.new`, file)
  return made
}

const defaultPort = 7427
const newSecret = () => randomBytes(24).toString('base64url')
