import { Fault } from '../../events/faults.ts'

interface AwsError extends Error {
  code?: string
  syscall?: string
  $metadata?: { httpStatusCode?: number }
}

const denials = [
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException'
]
const throttles = [
  'LimitExceededException',
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException'
]

/**
 * What AWS answers to a request. Errors that are none of those below stay as they are.
 * @param action what it is asked to do
 * @throws Fault cloud-denied; cloud-unavailable where it cannot be reached or stays too busy
 */
export const asked = async <T>(action: string, ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask()
  } catch (error) {
    const { name, code, syscall, $metadata } = error as AwsError
    const status = $metadata?.httpStatusCode ?? 0
    // Errors of the network are all called alike.
    const details = { action, reason: code ?? name }
    if (throttles.includes(name) || status >= 500 || status === 429 || name === 'TimeoutError' || syscall)
      throw new Fault('cloud-unavailable', details, { cause: error })
    if (denials.includes(name) || status === 401 || status === 403)
      throw new Fault('cloud-denied', details, { cause: error })
    throw error
  }
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
