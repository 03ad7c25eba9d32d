import { Fault, isFault } from '../../events/faults.ts'
import { profileName, usesSso } from './profile.ts'

/** What the SDK throws, told by its fields. */
interface SdkError extends Error {
  /** Of an error of the network, or of TLS. */
  code?: string
  hostname?: string
  address?: string
  $metadata?: { httpStatusCode?: number }
  /** Whose fault it is, of an error that a service answered with. */
  $fault?: 'client' | 'server'
}

/** Names of errors, by what they mean; most services have words of their own for the same. */
const names = {
  missing: ['CredentialsProviderError', 'TokenProviderError'],
  expired: ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'],
  invalid: [
    'IncompleteSignature',
    'InvalidAccessKeyId',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'InvalidToken',
    'RequestTimeTooSkewed',
    'SignatureDoesNotMatch',
    'UnrecognizedClientException'
  ],
  denied: ['AccessDenied', 'AccessDeniedException', 'OptInRequired', 'UnauthorizedOperation'],
  busy: [
    'LimitExceededException',
    'RequestLimitExceeded',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException'
  ]
}

/**
 * What AWS answers to a request; whatever it, the SDK or the network has against that comes out as a fault. Errors that
 * are none of theirs stay as they are.
 * @param action what it is asked to do
 * @throws Fault credentials-missing, session-expired, credentials-invalid, cloud-denied, cloud-refused; cloud-unreachable,
 * cloud-unreadable, cloud-unavailable
 */
export const asked = async <T>(action: string, ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask()
  } catch (error) {
    throw (await faultOf(action, error as SdkError)) ?? error
  }
}

const faultOf = async (action: string, error: SdkError): Promise<Fault | undefined> => {
  if (isFault(error)) return error
  const { name: reason, message: said, code, hostname, address, $fault } = error
  const status = error.$metadata?.httpStatusCode
  const is = (kind: keyof typeof names) => names[kind].includes(reason)
  const cause = { cause: error }
  const profile = profileName()

  if (is('missing'))
    return (await usesSso())
      ? new Fault('session-expired', { action, reason, profile, sso: true }, cause)
      : new Fault('credentials-missing', { profile, said }, cause)
  if (is('expired'))
    return new Fault('session-expired', { action, reason, profile, sso: await usesSso() }, cause)
  if (is('invalid')) return new Fault('credentials-invalid', { action, reason, said }, cause)
  if (is('busy')) return new Fault('cloud-unavailable', { action, reason }, cause)
  if (is('denied')) return new Fault('cloud-denied', { action, reason, said }, cause)

  if (status === undefined)
    return code !== undefined || reason === 'TimeoutError'
      ? new Fault('cloud-unreachable', { action, reason: code ?? reason, host: hostname ?? address }, cause)
      : undefined
  // A page of a proxy, or of a network that wants a login first, names no error of a service.
  if ($fault === undefined || reason === 'Unknown')
    return new Fault('cloud-unreadable', { action, status }, cause)
  if (status >= 500 || status === 429) return new Fault('cloud-unavailable', { action, reason }, cause)
  const details = { action, reason, said }
  return status === 401 || status === 403
    ? new Fault('cloud-denied', details, cause)
    : new Fault('cloud-refused', details, cause)
}

/** All answers to a request that is answered in pages, the one after the other as they are wanted. */
export async function* pagesOf<Page, Token>(
  ask: (token: Token | undefined) => Promise<Page>,
  next: (page: Page) => Token | undefined
) {
  let token: Token | undefined
  do {
    const page = await ask(token)
    yield page
    token = next(page)
  } while (token !== undefined)
}
