import type { z } from 'zod'
import type { ClipFacts, PictureFormat, Rational, Shape } from '../events/clip.ts'
import type { Job } from '../events/job.ts'
import type { madeRow, MadeRow } from '../events/rows.ts'
import type { ModelRecord } from '../events/model.ts'
import type { Picture } from '../models/picture.ts'
import type { Feeds, Outputs } from '../layers/inference/session.ts'
import type { FindModel, Weights } from '../models/catalogue/index.ts'

/**
 * A task is a declaration: what may be asked, what pictures it needs, the stages that turn frames into rows, and the
 * files that come of them. Help, validation, the chain and the docs are derived from it; nothing outside tasks/ asks
 * for a task's name. Its functions are methods so that tasks of different options fit into one table.
 */
export interface Task<Options = unknown> {
  name: string
  /** One line for help and docs. */
  summary: string
  /** Systems whose weights it runs, as the catalogue names them. */
  systems: Weights['system'][]
  /** Names of the weights that it runs where the options name no others. */
  models: string[]
  /** What a person may give; every field has a description, and `meta({ unit })` where it is a quantity. */
  options: z.ZodObject
  /**
   * Fills in the defaults that follow from other options, such as thresholds that suit the chosen weights.
   * @param findModel finds weights that the options name
   */
  complete(given: Record<string, unknown>, findModel: FindModel): Options
  /** The pictures that decoding makes: never larger than the source, long side in pixels. */
  pictures(options: Options): { format: PictureFormat; longSide: number }
  /**
   * Refuses options that do not go with the clip, before anything of it is decoded.
   * @throws Fault options-invalid
   */
  check?(options: Options, clip: ClipFacts): void
  /** Seconds that its stages take for a frame on one processor, where that is so long that segments have to be short. */
  slowness?(options: Options, clip: ClipFacts): number
  stages: Stage<Options>[]
  outputs(options: Options): Output<Options>[]
  /** Drawn over the clip; absent where the options ask for none. */
  overlay(options: Options): Overlay | undefined
}

/** Checks a declaration's types against each other and forgets them. */
export const defineTask = <Options>(task: Task<Options>): Task => task

export interface StageContext<Options = unknown> {
  options: Options
  clip: ClipFacts
  /** Size of the pictures, pixels; rows are in pixels of the clip. */
  pictures: { width: number; height: number }
  /** What the stage's model says of itself, of a stage that runs one. */
  model?: ModelRecord
  /**
   * One run of a graph of the stage's model. Runs of one graph queue up; preparing the next frame goes on meanwhile.
   * @param graph by default the one that it has
   */
  run: (feeds: Feeds, graph?: string) => Promise<Outputs>
}

export interface Frame {
  index: number
  /** Counts in the clip's time base. */
  pts: number
  /** Read and decoded when it is asked for. */
  picture: () => Promise<Picture>
  /** Rows of the stages before this one for this frame, by stage. */
  rows: Record<string, unknown>
}

interface StageBase<Options> {
  name: string
  row: z.ZodType
  /** Name of the weights in the catalogue, for a stage that runs a model. */
  model?(options: Options): string
  /** True where the options leave it nothing to do: it is passed over then, and has no rows. */
  idle?(options: Options): boolean
}

/** Frames are independent of each other: segments run side by side. */
export interface EachStage<Options = unknown> extends StageBase<Options> {
  kind: 'each'
  open(context: StageContext<Options>): (frame: Frame) => Promise<unknown>
}

/**
 * A state goes from frame to frame. It is plain data (anything that structured cloning takes), so that it can be stored
 * between two invocations without changing a bit of what follows.
 */
export interface FoldStage<Options = unknown> extends StageBase<Options> {
  kind: 'fold'
  /** Goes from the clip's last frame to its first. */
  backward?: true
  start(context: StageContext<Options>): unknown
  step(
    context: StageContext<Options>,
    state: unknown,
    frame: Frame
  ): Promise<{ state: unknown; row: unknown }>
}

/** What a video is made of that is a result. */
export interface Made {
  width: number
  height: number
  timeBase: Rational
}

/**
 * Makes the pictures of a video that is a result, of each frame and of the one behind it. Segments run side by side; the
 * last frame of one sees the first of the next. A task has at most one such stage, as its last.
 */
export interface PictureStage<Options = unknown> extends StageBase<Options> {
  kind: 'pictures'
  row: typeof madeRow
  /** File name of the video below the results' prefix. */
  video: string
  made(options: Options, clip: ClipFacts): Made
  /**
   * @returns what was made, in order of time stamps, which count in the time base of what is made; of the last frame
   * that there is `next` is undefined
   */
  open(
    context: StageContext<Options>
  ): (
    frame: Frame,
    next: Frame | undefined
  ) => Promise<{ row: MadeRow; pictures: { pts: number; picture: Picture }[] }>
}

export type Stage<Options = unknown> = EachStage<Options> | FoldStage<Options> | PictureStage<Options>

/** All rows of a job's last stage, in order, as often as asked; never more than a segment of them in memory. */
export interface Results<Options = unknown> {
  job: Job
  options: Options
  clip: ClipFacts
  frames: () => AsyncIterable<{ index: number; pts: number; row: unknown }>
}

export interface Output<Options = unknown> {
  /** File name below the results' prefix. */
  name: string
  /** What people call the format. */
  format: string
  contentType: string
  write(results: Results<Options>): AsyncIterable<string>
}

export interface Overlay {
  /** How many frames back it remembers, e.g. for trails. */
  memory: number
  /** Then fed with rows in order, from that many frames before the first one that is wanted. */
  open: () => (row: unknown) => Shape[]
}
