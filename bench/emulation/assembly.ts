import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Statement } from './permissions.ts'

/** What is read of a CloudFormation template. */
interface Resource {
  Type: string
  Properties: Record<string, unknown>
}

/** A Lambda function as it is deployed. */
export interface DeployedFunction {
  arn: string
  /** Folder that Lambda unpacks to /var/task. */
  task: string
  /** Folders that it merges at /opt. */
  layers: string[]
  handler: string
  memoryMb: number
  timeoutSeconds: number
  /** Size of /tmp. */
  storageMb: number
  environment: Record<string, string>
  /** What its role allows. */
  statements: Statement[]
}

/** A container that AWS Batch runs. */
export interface DeployedJob {
  /** Folder of the image: a Dockerfile and what it copies. */
  image: string
  environment: Record<string, string>
  statements: Statement[]
}

export interface Assembly {
  /** Outputs of the stack, e.g. `Uploads`: the name of that bucket. */
  outputs: Record<string, string>
  /** Lambda functions from zip files, by ARN. */
  functions: Record<string, DeployedFunction>
  /** Definitions of state machines, by ARN. */
  machines: Record<string, string>
  /** The patterns of rules, each with the ARNs of its targets. */
  rules: { pattern: Record<string, unknown>; targets: string[] }[]
  /** Of each queue that a function takes from, by ARN: that function's ARN. */
  queues: Record<string, string>
  /** Container jobs, by the name of their definition. */
  jobs: Record<string, DeployedJob>
}

const account = '000000000000'
const region = 'us-east-1'
const pseudo: Record<string, string> = {
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::AccountId': account,
  'AWS::URLSuffix': 'amazonaws.com'
}

const arns: Record<string, (name: string) => string> = {
  'AWS::Lambda::Function': name => `arn:aws:lambda:${region}:${account}:function:${name}`,
  'AWS::StepFunctions::StateMachine': name => `arn:aws:states:${region}:${account}:stateMachine:${name}`,
  'AWS::Events::EventBus': name => `arn:aws:events:${region}:${account}:event-bus/${name}`,
  'AWS::S3::Bucket': name => `arn:aws:s3:::${name.toLowerCase()}`
}
/** Of these, `Ref` is the ARN. */
const namedByArn = [
  'AWS::StepFunctions::StateMachine',
  'AWS::Lambda::LayerVersion',
  'AWS::Lambda::Version',
  'AWS::Batch::JobQueue'
]

/**
 * Reads a synthesised stack as CloudFormation would deploy it: every resource bears its logical name, unless the template
 * gives it another.
 * @param folder of the cloud assembly, e.g. cdk.out
 * @throws Error where the template has what this does not know
 */
export const readAssembly = (folder: string, stack = 'Clipmill'): Assembly => {
  const read = (name: string) =>
    JSON.parse(readFileSync(path.join(folder, `${stack}.${name}.json`), 'utf8')) as unknown
  const template = read('template') as {
    Resources: Record<string, Resource>
    Outputs: Record<string, { Value: unknown }>
  }
  const assets = read('assets') as {
    files: Record<string, { source: { path: string } }>
    dockerImages: Record<string, { source: { directory: string } }>
  }
  const { Resources: resources } = template

  const arnOf = (name: string): string =>
    resources[name].Type === 'AWS::Lambda::Version'
      ? `${arns['AWS::Lambda::Function'](text(resources[name].Properties.FunctionName))}:1`
      : (arns[resources[name].Type] ?? (name => `arn:aws:any:${region}:${account}:${name}`))(name)
  const refOf = (name: string) =>
    pseudo[name] ?? (namedByArn.includes(resources[name].Type) ? arnOf(name) : physicalName(name))
  /** Names of buckets are in lower case. */
  const physicalName = (name: string) =>
    resources[name].Type === 'AWS::S3::Bucket' ? name.toLowerCase() : name

  const text = (value: unknown): string => {
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    const [[operation, operand]] = Object.entries(value as Record<string, unknown>)
    if (operation === 'Ref') return refOf(operand as string)
    if (operation === 'Fn::GetAtt') {
      const [name, attribute] = operand as [string, string]
      return attribute === 'Arn' ? arnOf(name) : `${name}.${attribute}`
    }
    if (operation === 'Fn::Join') {
      const [separator, parts] = operand as [string, unknown[]]
      return parts.map(text).join(separator)
    }
    if (operation === 'Fn::Sub')
      return (operand as string).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => refOf(name))
    throw new Error(`${operation} is not known here`)
  }
  const texts = (values: Record<string, unknown> = {}) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]))
  /** A structure with all references within resolved. */
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    const [first = ''] = Object.keys(value)
    if (first === 'Ref' || first.startsWith('Fn::')) return text(value)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner)]))
  }

  const ofType = (type: string) => Object.entries(resources).filter(([, resource]) => resource.Type === type)
  const assetOf = (code: unknown) => {
    const [hash] = text((code as { S3Key: unknown }).S3Key).split('.')
    return path.join(folder, assets.files[hash].source.path)
  }
  const layerFolder = (arn: string) => {
    const [, { Properties }] = ofType('AWS::Lambda::LayerVersion').find(([name]) => arnOf(name) === arn)!
    return assetOf(Properties.Content)
  }
  const statementsOf = (roleArn: unknown) => {
    const [role] = Object.keys(resources).filter(name => arnOf(name) === text(roleArn))
    return ofType('AWS::IAM::Policy')
      .filter(([, { Properties }]) => (Properties.Roles as unknown[]).map(text).includes(role))
      .flatMap(([, { Properties }]) => {
        const { Statement } = resolve(Properties.PolicyDocument) as { Statement: Statement[] }
        return Statement
      })
  }
  const functionOf = (name: string, properties: Record<string, unknown>): DeployedFunction => {
    const { EphemeralStorage: storage, Environment: environment } = properties as {
      EphemeralStorage?: { Size: number }
      Environment?: { Variables: Record<string, unknown> }
    }
    return {
      arn: arnOf(name),
      task: assetOf(properties.Code),
      layers: ((properties.Layers ?? []) as unknown[]).map(layer => layerFolder(text(layer))),
      handler: properties.Handler as string,
      memoryMb: properties.MemorySize as number,
      timeoutSeconds: properties.Timeout as number,
      storageMb: storage?.Size ?? 512,
      environment: texts(environment?.Variables),
      statements: statementsOf(properties.Role)
    }
  }
  const jobOf = (properties: Record<string, unknown>): DeployedJob => {
    const { Image, Environment, JobRoleArn } = properties.ContainerProperties as {
      Image: unknown
      JobRoleArn: unknown
      Environment: { Name: string; Value: unknown }[]
    }
    const [hash] = text(Image).split(':').slice(-1)
    return {
      image: path.join(folder, assets.dockerImages[hash].source.directory),
      environment: Object.fromEntries(Environment.map(({ Name, Value }) => [Name, text(Value)])),
      statements: statementsOf(JobRoleArn)
    }
  }

  return {
    outputs: Object.fromEntries(
      Object.entries(template.Outputs).map(([name, { Value }]) => [name, text(Value)])
    ),
    functions: Object.fromEntries(
      ofType('AWS::Lambda::Function')
        .filter(([, { Properties }]) => Properties.PackageType !== 'Image')
        .map(([name, { Properties }]) => [arnOf(name), functionOf(name, Properties)])
    ),
    machines: Object.fromEntries(
      ofType('AWS::StepFunctions::StateMachine').map(([name, { Properties }]) => [
        arnOf(name),
        text(Properties.DefinitionString)
      ])
    ),
    rules: ofType('AWS::Events::Rule').map(([, { Properties }]) => ({
      pattern: resolve(Properties.EventPattern) as Record<string, unknown>,
      targets: ((Properties.Targets ?? []) as { Arn: unknown }[]).map(({ Arn }) => text(Arn))
    })),
    queues: Object.fromEntries(
      ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => [
        text(Properties.EventSourceArn),
        arns['AWS::Lambda::Function'](text(Properties.FunctionName))
      ])
    ),
    jobs: Object.fromEntries(
      ofType('AWS::Batch::JobDefinition').map(([name, { Properties }]) => [refOf(name), jobOf(Properties)])
    )
  }
}
