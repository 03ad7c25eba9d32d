import type { BareCall, Handler, Reply } from './call.ts'
import { S3Error } from './errors.ts'
import type { CorsRule } from './state.ts'
import { elements, textOf, textsOf, xmlDocument } from './xml.ts'

/** Which pages of other origins may use a bucket ("Using cross-origin resource sharing", S3 User Guide). */

type Headers = Record<string, string>

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']
const mostRules = 100
// A token of RFC 9110, 5.6.2, and no *.
const headerName = /^[\w!#$%&'+.^`|~-]+$/

/** A pattern with at most one `*`, which stands for anything. */
const matches = (pattern: string, text: string) => {
  const [before, after] = pattern.split('*')
  if (after === undefined) return pattern === text
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after)
}

const namesOf = (list = '') =>
  list
    .split(',')
    .map(name => name.trim())
    .filter(Boolean)

/** The first rule that allows it: `headers` are those that the request would bring, in lower case. */
const ruleFor = (rules: CorsRule[], origin: string, method: string, headers: string[]) =>
  rules.find(
    rule =>
      rule.origins.some(pattern => matches(pattern, origin)) &&
      rule.methods.includes(method) &&
      headers.every(name => rule.headers.some(pattern => matches(pattern, name)))
  )

const vary = { vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method' }

const allowed = (rule: CorsRule, origin: string): Headers => {
  const anyone = rule.origins.find(pattern => matches(pattern, origin)) === '*'
  return {
    'access-control-allow-origin': anyone ? '*' : origin,
    'access-control-allow-methods': rule.methods.join(', '),
    ...(!anyone && { 'access-control-allow-credentials': 'true' }),
    ...(rule.expose.length && { 'access-control-expose-headers': rule.expose.join(', ') }),
    ...(rule.maxAge !== undefined && { 'access-control-max-age': String(rule.maxAge) }),
    ...vary
  }
}

/** What the answer to a request, good or bad, tells a browser; nothing where the bucket has no rules. */
export const corsHeaders = (rules: CorsRule[], method: string, { origin }: Headers): Headers => {
  const rule = origin === undefined ? undefined : ruleFor(rules, origin, method, [])
  if (rule) return allowed(rule, origin)
  return rules.length ? vary : {}
}

/** Tells a browser whether it may send what it asks about. It asks without a signature. */
export const preflight = ({ catalogue, bucket, headers }: BareCall): Reply => {
  const { cors } = catalogue.bucket(bucket)
  const { origin, 'access-control-request-method': method = '' } = headers
  if (origin === undefined) throw new S3Error('BadRequest', 'Origin is missing')
  if (!methods.includes(method)) throw new S3Error('BadRequest', 'Access-Control-Request-Method')
  const names = namesOf(headers['access-control-request-headers']).map(name => name.toLowerCase())
  const rule = ruleFor(cors, origin, method, names)
  if (!rule) throw new S3Error('AccessForbidden')
  return {
    headers: {
      ...allowed(rule, origin),
      ...(names.length && { 'access-control-allow-headers': names.join(', ') })
    }
  }
}

const parseRule = (xml: string): CorsRule => {
  const id = textOf(xml, 'ID')
  const maxAge = textOf(xml, 'MaxAgeSeconds')?.trim()
  const rule = {
    ...(id !== undefined && { id }),
    origins: textsOf(xml, 'AllowedOrigin'),
    methods: textsOf(xml, 'AllowedMethod'),
    headers: textsOf(xml, 'AllowedHeader').map(name => name.toLowerCase()),
    expose: textsOf(xml, 'ExposeHeader'),
    ...(maxAge !== undefined && { maxAge: Number(maxAge) })
  }
  const unknown = rule.methods.find(method => !methods.includes(method))
  if (unknown !== undefined) throw new S3Error('InvalidRequest', `the method ${unknown} of a CORS rule`)
  if (!rule.origins.length || !rule.methods.length || (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)))
    throw new S3Error('MalformedXML')
  const wild = [...rule.origins, ...rule.headers].find(pattern => pattern.split('*').length > 2)
  if (wild !== undefined) throw new S3Error('InvalidRequest', `${wild} has more than one *`)
  for (const name of rule.expose)
    if (!headerName.test(name)) throw new S3Error('InvalidRequest', `the header ${name} of a CORS rule`)
  return rule
}

export const putCors: Handler = async ({ catalogue, bucket, receiveXml }) => {
  const xml = await receiveXml()
  const rules = elements(xml, 'CORSRule').map(parseRule)
  if (!rules.length || rules.length > mostRules) throw new S3Error('MalformedXML')
  await catalogue.putCors(bucket, rules)
  return {}
}

export const getCors: Handler = ({ catalogue, bucket }) => {
  const { cors } = catalogue.bucket(bucket)
  if (!cors.length) throw new S3Error('NoSuchCORSConfiguration')
  return {
    body: xmlDocument('CORSConfiguration', {
      CORSRule: cors.map(({ id, origins, methods, headers, expose, maxAge }) => ({
        ID: id,
        AllowedHeader: headers,
        AllowedMethod: methods,
        AllowedOrigin: origins,
        ExposeHeader: expose,
        MaxAgeSeconds: maxAge
      }))
    })
  }
}

export const deleteCors: Handler = async ({ catalogue, bucket }) => {
  await catalogue.putCors(bucket, [])
  return { status: 204 }
}
