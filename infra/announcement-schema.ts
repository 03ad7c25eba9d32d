import * as schemas from 'aws-cdk-lib/aws-eventschemas'
import { Construct } from 'constructs'
import { z } from 'zod'
import { announcement } from '../events/announcement.ts'

/** Publishes what is announced on the bus in a schema registry, from where code bindings and rules can be made. */
export class AnnouncementSchema extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id)
    const registry = new schemas.CfnRegistry(this, 'Registry', { description: 'What clipmill announces' })
    for (const option of announcement.options) {
      const type = option.shape.type.value
      new schemas.CfnSchema(this, type, {
        registryName: registry.attrRegistryName,
        schemaName: `clipmill@${type}`,
        type: 'JSONSchemaDraft4',
        content: JSON.stringify(
          z.toJSONSchema((option as z.ZodObject).omit({ type: true }), { target: 'draft-4' })
        )
      })
    }
  }
}
