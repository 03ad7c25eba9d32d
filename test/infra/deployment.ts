import { App, Stack, Validations } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Clipmill, type ClipmillProps } from '../../infra/clipmill.ts'

export interface Resource {
  Type: string
  Properties: Record<string, unknown>
  DeletionPolicy?: string
}

export interface Statement {
  Effect: string
  Action: string | string[]
  Resource: unknown
  Condition?: unknown
}

export const actionsOf = ({ Action }: Statement) => [Action].flat()

/** A stack with clipmill in it, synthesised; `props` may make what is handed in. */
export const deploy = (props: (stack: Stack) => ClipmillProps = () => ({})) => {
  const stack = new Stack(new App(), 'Clipmill')
  new Clipmill(stack, 'Clipmill', { architecture: 'x64', ...props(stack) })
  const template = Template.fromStack(stack)
  const { Resources } = template.toJSON() as { Resources: Record<string, Resource> }
  const ofType = (type: string) => Object.entries(Resources).filter(([, { Type }]) => Type === type)
  return {
    template,
    resources: Resources,
    ofType,
    /** The functions, by the name under which their construct stands. */
    functions: Object.fromEntries(
      ofType('AWS::Lambda::Function').map(([id, { Properties }]) => [
        id.replace(/^Clipmill(Functions)?|[0-9A-F]{8}$/g, ''),
        Properties
      ])
    ),
    /** What the role of a function allows. */
    statementsOf: (name: string) =>
      ofType('AWS::IAM::Policy')
        .filter(([id]) => id.startsWith(`ClipmillFunctions${name}role`))
        .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
  }
}

/** What cdk-nag's packs have to say of it, and the reasons for which findings stand. */
export const inspect = (props: (stack: Stack) => ClipmillProps = () => ({})) => {
  const outdir = mkdtempSync(path.join(tmpdir(), 'clipmill-nag-'))
  try {
    const app = new App({ outdir })
    const stack = new Stack(app, 'Clipmill')
    new Clipmill(stack, 'Clipmill', { architecture: 'x64', ...props(stack) })
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app))
    const reasons = new Set<string>()
    try {
      app.synth()
    } catch {
      // What was found stands in the report.
    }
    for (const construct of app.node.findAll())
      for (const { type, data } of construct.node.metadata)
        if (type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
          for (const reason of Object.values(data as Record<string, string>)) reasons.add(reason)
    const { pluginReports } = JSON.parse(
      readFileSync(path.join(outdir, 'validation-report.json'), 'utf8')
    ) as { pluginReports: { violations?: { ruleName: string; severity: string }[] }[] }
    return { findings: pluginReports.flatMap(({ violations = [] }) => violations), reasons: [...reasons] }
  } finally {
    rmSync(outdir, { recursive: true, force: true })
  }
}
