import { describe, expect, it } from 'vitest'
import { Fault } from '../../events/faults.ts'

describe('a fault', () => {
  const fault = new Fault('task-unknown', { task: 'juggle', tasks: ['track-many', 'pose'] })

  it('says what is wrong, with which input, and what to do next', () => {
    expect(fault.message).toBe('there is no task "juggle"')
    expect(fault.next).toBe('choose one of: track-many, pose')
    expect(fault.exit).toBe(2)
    expect(fault.retry).toBeUndefined()
  })

  it('is known by its code, which is also its name for rules that match names', () => {
    expect(fault.code).toBe('task-unknown')
    expect(fault.name).toBe('task-unknown')
  })

  it('comes through JSON whole', () => {
    const record = JSON.parse(JSON.stringify(fault)) as ReturnType<Fault['toJSON']>
    expect(Fault.from(record)).toEqual(fault)
    expect(Fault.from({ code: 'of-another-version', details: {} })).toBeUndefined()
  })

  it('is made of errors of the file system that a person can mend', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), {
      code: 'ENOSPC',
      path: '/results'
    })
    expect(Fault.of(full)).toMatchObject({
      code: 'disk-full',
      exit: 6,
      retry: 'later',
      details: { path: '/results' }
    })
  })

  it('is made of whatever else was thrown, as a bug of ours', () => {
    expect(Fault.of(fault)).toBe(fault)
    expect(Fault.of(new TypeError('x is not a function'))).toMatchObject({
      code: 'internal-error',
      exit: 1,
      message: expect.stringContaining('x is not a function') as string
    })
  })
})
