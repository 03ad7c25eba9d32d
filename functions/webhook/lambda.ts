import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { announcedEvent, postAnnouncement } from './index.ts'

const client = new SecretsManagerClient()
const { CLIPMILL_WEBHOOK: url, CLIPMILL_WEBHOOK_SECRET: SecretId } = process.env
let secret: string | undefined

/** A webhook's answer that is no success is thrown, so that Lambda comes again. */
export const handler = async (event: unknown) => {
  secret ??= (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString!
  await postAnnouncement({ url: url!, secret }, announcedEvent.parse(event))
}
