import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../events/faults.ts'
import { readPresent, writeWhole } from './files.ts'

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
  const kept = await readKept(folder)
  if (!kept) throw new Fault('serve-missing', { folder })
  return kept
}

/**
 * The folder's address, or a new one; a port that is given takes the place of the one that was kept.
 * @throws Fault address-invalid
 */
export const chooseAddress = async (folder: string, port?: number): Promise<Address> => {
  const kept = await readKept(folder)
  return {
    credentials: { accessKeyId: 'clipmill', secretAccessKey: newSecret() },
    webhookSecret: newSecret(),
    ...kept,
    port: port ?? kept?.port ?? defaultPort
  }
}

/** For whoever has the folder alone. */
export const keepAddress = (folder: string, address: Address) =>
  // Keys are nobody else's.
  writeWhole(fileIn(folder), JSON.stringify(address, null, 2), { mode: 0o600 })

const readKept = async (folder: string) => {
  const file = fileIn(folder)
  const text = await readPresent(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR')
      throw new Fault('folder-blocked', { path: folder })
    throw error
  })
  if (text === undefined) return undefined
  try {
    return address.parse(JSON.parse(text))
  } catch {
    throw new Fault('address-invalid', { file })
  }
}

const defaultPort = 7427
const newSecret = () => randomBytes(24).toString('base64url')
