import { signWebhook, webhookHeaders } from '../../events/webhook.ts'

/** Milliseconds that a webhook may take to answer. */
const patience = 10_000

/**
 * Posts an announcement to a webhook, signed (see events/webhook.ts).
 * @param id the same for each try
 * @returns the status of its answer
 * @throws what `fetch` throws, where there is no answer
 */
export const postSigned = async (
  { url, secret }: { url: string; secret: string },
  id: string,
  body: string,
  signal: AbortSignal[] = []
): Promise<number> => {
  const time = Math.floor(Date.now() / 1000)
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [webhookHeaders.id]: id,
      [webhookHeaders.time]: String(time),
      [webhookHeaders.signature]: signWebhook(secret, id, time, body)
    },
    body,
    redirect: 'error',
    signal: AbortSignal.any([...signal, AbortSignal.timeout(patience)])
  })
  await answer.body?.cancel()
  return answer.status
}
