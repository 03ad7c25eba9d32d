import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'

/** The profile that AWS's usual environment names; an empty name is none, as for the SDK. */
export const profileName = () => process.env.AWS_PROFILE || 'default'

/** @throws Fault profile-missing: the SDK would go on with whatever other credentials it finds */
export const checkProfile = async () => {
  const profiles = await readProfiles()
  const profile = profileName()
  if (process.env.AWS_PROFILE && !profiles.has(profile))
    throw new Fault('profile-missing', { profile, profiles: [...profiles.keys()] })
}

/** Whether somebody signs in by a browser, for hours, to use the profile. */
export const usesSso = async () =>
  (await readProfiles()).get(profileName())?.some(setting => setting.startsWith('sso_')) ?? false

/** Names of the settings that AWS's files have for each profile. */
const readProfiles = async () => {
  const profiles = new Map<string, string[]>()
  const {
    AWS_CONFIG_FILE = path.join(homedir(), '.aws/config'),
    AWS_SHARED_CREDENTIALS_FILE = path.join(homedir(), '.aws/credentials')
  } = process.env
  for (const file of [AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE]) {
    let settings: string[] | undefined
    for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n')) {
      const [, section] = /^\s*\[\s*(.+?)\s*\]/.exec(line) ?? []
      if (section !== undefined) {
        // Of the config file `[profile name]`, quoted or not, and `[default]`; of the credentials file `[name]`.
        const [, name = section] = /^profile\s+"?(.+?)"?$/.exec(section) ?? []
        settings = /^(sso-session|services)\s/.test(section) ? undefined : (profiles.get(name) ?? [])
        if (settings) profiles.set(name, settings)
      }
      const [, setting] = /^\s*(\w+)\s*=/.exec(line) ?? []
      if (setting !== undefined) settings?.push(setting)
    }
  }
  return profiles
}
