import { readGolden, type GoldenForm } from '../../../models/golden/index.ts'

/** All of what `stages` yields. */
export const collect = async <T>(stages: AsyncIterable<T>) => {
  const all: T[] = []
  for await (const stage of stages) all.push(stage)
  return all
}

const noModel = () => Promise.reject(new Error('these forms run no model'))

/** Runs the comparison with a golden file: which stages miss, which are skipped, how many were compared. */
export const checkStages = async (form: GoldenForm, file: string) => {
  const golden = await readGolden(file)
  if (!form.accepts(golden)) throw new Error(`${file} is of another form`)
  const stages = await collect(form.check(golden, noModel))
  return {
    missed: stages.filter(stage => 'ok' in stage && !stage.ok),
    skipped: stages.flatMap(stage => ('skipped' in stage ? [stage.stage] : [])),
    compared: stages.filter(stage => 'ok' in stage).length
  }
}
