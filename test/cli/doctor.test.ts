import { expect, it } from 'vitest'
import { checkAccount } from '../../cli/cloud/checks.ts'
import { refuseProblems } from '../../cli/deploy.ts'
import { checkCloud, checkDisk, checkLines, checkMachine, checkMemory, checkNode } from '../../cli/doctor.ts'
import { Fault } from '../../events/faults.ts'
import { temporaryFolder } from '../e2e/cli.ts'
import { awsError, makeAccount } from './cloud-account.ts'

it('looks at this machine: FFmpeg and ONNX Runtime are there and load', async () => {
  const checks = await checkMachine()
  expect(checks.map(({ name }) => name)).toEqual(['node', 'disk', 'memory', 'ffmpeg', 'onnx', 'models'])
  for (const name of ['node', 'ffmpeg', 'onnx'])
    expect(checks.find(check => check.name === name)).toMatchObject({ state: 'ok' })
})

it('says what is too old or too small, and what to do', async () => {
  expect(['22.17.1', '20.19.0', '22.18.0', '24.0.0'].map(version => checkNode(version).state)).toEqual([
    'problem',
    'problem',
    'ok',
    'ok'
  ])
  expect([1e9, 3e9, 8e9].map(bytes => checkMemory(bytes).state)).toEqual(['problem', 'warning', 'ok'])
  expect((await checkDisk(temporaryFolder())).says).toMatch(/^\d+\.\d GB free for /)
  expect(checkLines([checkNode('20.19.0')])).toEqual([
    'problem  node       Node 20.19.0, at least 22.18 is needed',
    '           start it with "npx clipmill", which brings its own'
  ])
})

const bootstrapped = (version: string) => ({
  DescribeStacksCommand: () => ({
    Stacks: [{ Outputs: [{ OutputKey: 'BootstrapVersion', OutputValue: version }] }]
  })
})
const quota = (Value: number) => ({ GetServiceQuotaCommand: () => ({ Quota: { Value } }) })
const states = (checks: { name: string; state: string }[]) =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]))

it('an account with all that is needed', async () => {
  const { account } = await makeAccount({ ...bootstrapped('27'), ...quota(1000) })
  const checks = await checkAccount(account)
  expect(states(checks)).toEqual({ identity: 'ok', bootstrap: 'ok', functions: 'ok', gpus: 'ok' })
  expect(checks[0].says).toBe('arn:aws:iam::123456789012:user/me in eu-west-1')
  expect(checks[2].says).toBe('1000 functions at a time, 50 are needed')
  await refuseProblems(account)
})

it('an account that was never bootstrapped cannot be deployed to; small quotas only slow it down', async () => {
  const { account } = await makeAccount({
    GetServiceQuotaCommand: () => {
      throw awsError('NoSuchResourceException')
    },
    GetAWSDefaultServiceQuotaCommand: () => ({ Quota: { Value: 0 } })
  })
  const checks = await checkAccount(account)
  expect(states(checks)).toEqual({
    identity: 'ok',
    bootstrap: 'problem',
    functions: 'warning',
    gpus: 'warning'
  })
  expect(checks[1].next).toBe('npx cdk bootstrap aws://123456789012/eu-west-1 -c retention=keep')
  await expect(refuseProblems(account)).rejects.toMatchObject({ code: 'deploy-blocked', exit: 8 })
})

it('a bootstrap that is too old is a problem', async () => {
  const { account } = await makeAccount({ ...bootstrapped('5'), ...quota(1000) })
  expect(states(await checkAccount(account))).toMatchObject({ bootstrap: 'problem' })
})

it('what may not be asked is no problem by itself', async () => {
  const denied = () => {
    throw awsError('AccessDeniedException')
  }
  const { account } = await makeAccount({ ...bootstrapped('27'), GetServiceQuotaCommand: denied })
  expect(states(await checkAccount(account))).toMatchObject({ functions: 'warning', gpus: 'warning' })
})

it('having no credentials or no region is no problem, having some that ran out is worth a warning, and none deploys', async () => {
  const failing = (name: string) =>
    makeAccount({
      GetCallerIdentityCommand: () => {
        throw awsError(name)
      }
    })
  const [none, old] = await Promise.all(['CredentialsProviderError', 'ExpiredToken'].map(failing))
  expect(await checkCloud(() => Promise.resolve(none.account))).toMatchObject([
    { name: 'identity', state: 'ok', says: expect.stringContaining('no credentials') as string }
  ])
  expect(await checkCloud(() => Promise.resolve(old.account))).toMatchObject([
    { name: 'identity', state: 'warning' }
  ])
  const nowhere = () => Promise.reject(new Fault('region-missing', { profile: 'default' }))
  expect(await checkCloud(nowhere)).toMatchObject([
    { name: 'identity', state: 'ok', says: expect.stringContaining('names a region') as string }
  ])
  await expect(refuseProblems(none.account)).rejects.toMatchObject({ code: 'credentials-missing' })
})
