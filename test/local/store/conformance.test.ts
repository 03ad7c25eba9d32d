import { afterAll } from 'vitest'
import './conformance/buckets.ts'
import './conformance/objects.ts'
import './conformance/ranges.ts'
import './conformance/conditions.ts'
import './conformance/checksums.ts'
import './conformance/chunked.ts'
import './conformance/signatures.ts'
import './conformance/links.ts'
import './conformance/forms.ts'
import './conformance/cors.ts'
import './conformance/copies.ts'
import './conformance/multipart.ts'
import './conformance/listing.ts'
import './conformance/keys.ts'
import { target } from './conformance/context.ts'

/** What any S3 does; docs/store.md says how to run this suite against another one. */
afterAll(target.close)
