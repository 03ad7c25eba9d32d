import { createHmac, timingSafeEqual } from 'node:crypto'

/** Names of the headers that come with an announcement which is sent to a webhook. */
export const webhookHeaders = {
  /** The same for each try of one announcement: whoever has seen it may drop the second one. */
  id: 'clipmill-id',
  /** Seconds since 1970 at which it was signed. */
  time: 'clipmill-time',
  /** Hexadecimal HMAC-SHA256 of `<id>.<time>.<body>` under the webhook's secret. */
  signature: 'clipmill-signature'
} as const

export const signWebhook = (secret: string, id: string, time: number, body: string) =>
  createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('hex')

/**
 * Whether a request to a webhook came from who has the secret, and lately.
 * @param headers of the request, names in lower case
 * @param body as it was received, before it is parsed
 * @param tolerance seconds that the time of signing may be off
 */
export const isGenuineWebhook = (
  secret: string,
  headers: Record<string, string | string[] | undefined>,
  body: string,
  { tolerance = 300, now = Date.now() / 1000 } = {}
): boolean => {
  const [id, time, signature] = [webhookHeaders.id, webhookHeaders.time, webhookHeaders.signature].map(
    name => headers[name]
  )
  if (typeof id !== 'string' || typeof time !== 'string' || typeof signature !== 'string') return false
  // Written so that a time that is no number is refused too.
  if (!(Math.abs(now - Number(time)) <= tolerance)) return false
  const expected = Buffer.from(signWebhook(secret, id, Number(time), body))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
