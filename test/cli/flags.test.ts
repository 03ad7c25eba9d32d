import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addTaskFlags, taskOptions } from '../../cli/flags.ts'
import { taskNamed } from '../../tasks/index.ts'

const task = taskNamed('track-many')
const command = () => {
  const made = new Command('track-many').exitOverride().configureOutput({ writeErr: () => undefined })
  addTaskFlags(made, task)
  return made
}
const parse = (...flags: string[]) => taskOptions(command().parse(['node', 'clipmill', ...flags]), task)

describe('flags of a task', () => {
  it('follow from its options', () => {
    expect(
      parse('--min-score', '0.5', '--lost-for', '12', '--classes', 'person, dog', '--no-overlay')
    ).toEqual({
      minScore: 0.5,
      lostFor: 12,
      classes: ['person', 'dog'],
      overlay: false
    })
  })

  it('are silent where nothing was given: defaults are the task’s business', () => {
    expect(parse()).toEqual({})
  })

  it('refuse unknown ones', () => {
    expect(() => parse('--min-skore', '0.5')).toThrow(
      expect.objectContaining({ code: 'commander.unknownOption' })
    )
  })

  it.each(['4x', '', ' '])('say of "%s" that it is no number', text => {
    expect(() => parse('--lost-for', text)).toThrow(`lostFor: "${text}" is no number`)
  })

  it('say unit, range and default', () => {
    const help = command().helpInformation().replaceAll(/\s+/g, ' ')
    expect(help).toContain('--lost-for <frames>')
    expect(help).toContain('(0 to 10000 frames; default 30)')
    expect(help).toContain('--detector-size <px>')
    expect(help).toContain('160 to 1920 px')
    expect(help).toContain('--no-overlay')
  })
})
