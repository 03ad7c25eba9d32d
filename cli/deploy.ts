import { Option, type Command } from 'commander'
import { Fault } from '../events/faults.ts'
import { packageRoot } from '../local/home.ts'
import type { Account } from './cloud/account.ts'
import type { Stack } from './cloud/stack.ts'
import { checkDisk, checkNode } from './doctor.ts'
import { note, print, printJson } from './output.ts'
import type { Shell } from './shell.ts'

const append = (value: string, before: string[]) => [...before, value]

export const addStackOption = (command: Command) =>
  command.option('--stack <name>', 'name of the deployment', 'Clipmill')

export const addDeploy = (program: Command, shell: Shell) => {
  addStackOption(program.command('deploy'))
    .description('deploy clipmill into the AWS account, or bring what is deployed up to date')
    .option('-c, --context <name=value>', 'an option of the deployment, over that of cdk.json', append, [])
    .addOption(
      new Option('--require-approval <when>', 'which changes of permissions are asked about')
        .choices(['never', 'any-change', 'broadening'])
        .default('broadening')
    )
    .option('--json', 'as JSON', false)
    .action(async (flags: DeployFlags) => {
      const stack = await deploy(flags)
      if (shell.json) printJson(stack)
      else for (const line of deployedLines(stack)) print(line)
    })
}

interface DeployFlags {
  stack: string
  /** Each `name=value`. */
  context: string[]
  requireApproval: string
}

/**
 * Checks what would make it fail, what was asked for before anything is asked of the account; runs the CDK, and puts the
 * models into the model store that no layer takes.
 * @throws Fault infra-missing, usage-wrong, deployment-invalid, deploy-blocked, cdk-failed, model-unknown; as `openAccount`
 * and `asked` do
 */
const deploy = async ({ stack, context, requireApproval }: DeployFlags): Promise<Stack> => {
  const { requireInfra, runCdk } = await import('./cloud/cdk.ts')
  const { readOptions } = await import('./cloud/options.ts')
  const { checkStackName, openResults, readStack } = await import('./cloud/stack.ts')
  requireInfra()
  checkStackName(stack)
  const options = await readOptions(context)
  const { openAccount } = await import('./cloud/account.ts')
  const account = await openAccount()
  await refuseProblems(account)
  await runCdk('deploy', ['--progress', 'events', '--require-approval', requireApproval], stack, context)
  const deployed = await readStack(account, stack)
  const { putModels, storedModels } = await import('./cloud/stored-models.ts')
  const written = await putModels(openResults(account, deployed), storedModels(options))
  for (const key of written) note(`put ${key} into the model store`)
  return deployed
}

/** @throws Fault deploy-blocked; as `asked` does */
export const refuseProblems = async (account: Account) => {
  const { checkAccount } = await import('./cloud/checks.ts')
  const checks = [
    checkNode(process.versions.node),
    await checkDisk(packageRoot),
    ...(await checkAccount(account))
  ]
  const problems = checks.filter(({ state }) => state === 'problem')
  if (problems.length > 0)
    throw new Fault('deploy-blocked', { problems: problems.map(({ name, says }) => `${name}: ${says}`) })
  for (const { state, name, says, next } of checks)
    if (state === 'warning') note(`warning: ${name}: ${says}\n  ${next}`)
}

export const deployedLines = ({ name, uploads, results, bus, machines }: Stack) => {
  const [task] = Object.keys(machines)
  const where = stackFlag(name)
  return [
    `${name} is deployed`,
    `  uploads  ${uploads}`,
    `  results  ${results}`,
    `  bus      ${bus}`,
    `  tasks    ${Object.keys(machines).join(', ')}`,
    '',
    `  aws s3 cp clip.mp4 s3://${uploads}/${task}/clip.mp4`,
    `  clipmill cloud jobs${where} · logs ID · links ID`
  ]
}

/** The flag by which a command names the deployment, if it has to. */
export const stackFlag = (name: string) => (name === 'Clipmill' ? '' : ` --stack ${name}`)
