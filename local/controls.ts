/**
 * Objects in the results bucket by which a person asks something of a job that is there. Whoever walks the chain removes
 * one when it is done.
 */
export const controlsPrefix = 'controls/'

const controls = ['cancel', 'retry'] as const
export type Control = (typeof controls)[number]

export const controlKey = (job: string, control: Control) => `${controlsPrefix}${job}/${control}`

/** What an object of that key asks for; undefined for any other object. */
export const readControl = (key: string): { job: string; control: Control } | undefined => {
  const [folder, job, name] = key.split('/')
  const control = controls.find(known => known === name)
  return `${folder}/` === controlsPrefix && job && control ? { job, control } : undefined
}
