import * as lambda from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { Assets } from './assets/assets.ts'
import type { Architecture } from './assets/place.ts'

export interface SharedLayersProps {
  layers: Assets['layers']
  architecture: Architecture
}

/** CPU architectures as CDK names them. */
export const lambdaArchitecture = {
  arm64: lambda.Architecture.ARM_64,
  x64: lambda.Architecture.X86_64
} satisfies Record<Architecture, lambda.Architecture>

/** What functions share: media, inference, and the models of each task. What is in a layer makes up its version. */
export class SharedLayers extends Construct {
  readonly media: lambda.ILayerVersion
  readonly inference: lambda.ILayerVersion
  /** By task. */
  readonly models: Record<string, lambda.ILayerVersion>

  constructor(scope: Construct, id: string, { layers, architecture }: SharedLayersProps) {
    super(scope, id)
    const layer = (name: string, folder: string, description: string) =>
      new lambda.LayerVersion(this, name, {
        code: lambda.Code.fromAsset(folder),
        description,
        compatibleArchitectures: [lambdaArchitecture[architecture]],
        compatibleRuntimes: [lambda.Runtime.NODEJS_22_X, lambda.Runtime.NODEJS_24_X]
      })
    this.media = layer('Media', layers.media, 'FFmpeg for clipmill: decoding, encoding, probing')
    this.inference = layer(
      'Inference',
      layers.inference,
      'ONNX Runtime for clipmill, and the reading of pictures'
    )
    this.models = Object.fromEntries(
      Object.entries(layers.models).map(([task, folder]) => [
        task,
        layer(`Models-${task}`, folder, `Models of clipmill's task ${task}`)
      ])
    )
  }
}
