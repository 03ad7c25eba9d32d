/**
 * The runtime of a function: fetches events from Lambda's Runtime API, hands them to the handler and answers, as the
 * runtime interface client of AWS's images does. It runs within the function's root and imports nothing of ours.
 */
import http from 'node:http'
import path from 'node:path'

const began = Date.now()
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API!}/2018-06-01/runtime`
// Taken before the function is loaded, which traces the requests that are made from then on.
const { request } = http
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

const ask = (method: string, url: string, body?: string, headers = {}) =>
  new Promise<{ headers: http.IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const asked = request(`${api}${url}`, { method, agent, headers }, response => {
      let text = ''
      response
        .setEncoding('utf8')
        .on('data', (part: string) => (text += part))
        .on('end', () => resolve({ headers: response.headers, text }))
    })
    asked.on('error', reject).end(body)
  })

const errorOf = (thrown: unknown) => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return JSON.stringify({
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n')
  })
}

const load = async () => {
  const [file, name] = process.env._HANDLER!.split('.')
  const module = (await import(path.join(process.env.LAMBDA_TASK_ROOT!, `${file}.mjs`))) as Record<
    string,
    unknown
  >
  return module[name] as (event: unknown, context: object) => Promise<unknown>
}

const serve = async (handler: Awaited<ReturnType<typeof load>>) => {
  // What Lambda is not told, for those who measure: milliseconds since 1970.
  const start = { 'x-process': performance.timeOrigin, 'x-runtime': began, 'x-loaded': Date.now() }
  for (;;) {
    const { headers, text } = await ask('GET', '/invocation/next', undefined, start)
    const id = headers['lambda-runtime-aws-request-id'] as string
    const deadline = Number(headers['lambda-runtime-deadline-ms'])
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] as string
    const { AWS_LAMBDA_FUNCTION_NAME: functionName, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory } = process.env
    const context = {
      functionName,
      functionVersion: '$LATEST',
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      memoryLimitInMB: memory,
      awsRequestId: id,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => deadline - Date.now()
    }
    try {
      const answer = await handler(JSON.parse(text), context)
      await ask('POST', `/invocation/${id}/response`, JSON.stringify(answer) ?? 'null')
    } catch (thrown) {
      await ask('POST', `/invocation/${id}/error`, errorOf(thrown))
    }
  }
}

try {
  await serve(await load())
} catch (thrown) {
  await ask('POST', '/init/error', errorOf(thrown))
  process.exit(1)
}
