import type { Command } from 'commander'
import { evaluateSot } from '../eval/sot/index.ts'
import { findTruths, readSequence } from '../eval/sot/layout.ts'
import { print, printJson } from './output.ts'
import { followedTable } from './scores.ts'
import type { Shell } from './shell.ts'

export const evalTrackName = 'track'

export const addEvalTrack = (command: Command, shell: Shell) => {
  command
    .command(evalTrackName)
    .description(
      'success, precision, AO and more as the official tools compute them, of results that are there already; the task itself is not run'
    )
    .requiredOption('--data <folder>', 'a sequence, a folder of sequences, or LaSOT, GOT-10k or TrackingNet')
    .option('--split <name>', 'the part of the data set, or its list of sequences, e.g. testing_set')
    .requiredOption('--results <folder>', 'where <sequence>.txt or <sequence>/<sequence>_001.txt are')
    .option('--json', 'all figures and curves of each tool as JSON', false)
    .action(async ({ data, split, results }: { data: string; split?: string; results: string }) => {
      const places = await findTruths(data, split)
      const sequences = await Promise.all(places.map(place => readSequence(place, results)))
      const scores = Object.fromEntries(places.map(({ name }, i) => [name, evaluateSot([sequences[i]])]))
      const combined = evaluateSot(sequences)
      if (shell.json) printJson({ sequences: scores, combined })
      else print(followedTable({ ...scores, COMBINED: combined }))
      shell.exit = 0
    })
}
