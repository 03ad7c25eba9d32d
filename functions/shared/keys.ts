const number = (segment: number) => String(segment).padStart(6, '0')

/** Names of a job's work in progress in the results bucket. They follow from the job alone, so a retry writes the same ones. */
export const keys = (job: string) => {
  const under = (name: string) => `jobs/${job}/${name}`
  return {
    prefix: under(''),
    job: under('job.json'),
    plan: under('plan.json'),
    /** One segment a line. */
    segments: under('segments.jsonl'),
    sound: under('sound.mka'),
    frames: (segment: number) => under(`pictures/${number(segment)}.json`),
    pictures: (segment: number) => under(`pictures/${number(segment)}.bin`),
    rows: (stage: string, segment: number) => under(`rows/${stage}/${number(segment)}.json`),
    /** The state with which a fold leaves a segment. */
    state: (stage: string, segment: number) => under(`state/${stage}/${number(segment)}.bin`),
    overlay: (segment: number) => under(`overlay/${number(segment)}.nut`),
    timing: (step: string, segment = 0) => under(`timings/${step}/${number(segment)}.json`),
    timings: under('timings/')
  }
}
