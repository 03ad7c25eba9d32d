import { Duration } from 'aws-cdk-lib'
import * as budgets from 'aws-cdk-lib/aws-budgets'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions'
import type * as events from 'aws-cdk-lib/aws-events'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as sns from 'aws-cdk-lib/aws-sns'
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import type { ChainFunctions } from './chain-functions.ts'
import { waitsLong } from './upload-queue.ts'

export interface ObservabilityProps {
  functions: ChainFunctions
  /** Functions besides those of the chain. */
  others: lambda.Function[]
  /** By task. */
  machines: Record<string, sfn.IStateMachine>
  /** In which uploads wait for intake. */
  uploads: sqs.IQueue
  deadLetters: sqs.IQueue
  /** `infer` on GPUs by Lambda, where a task has it there. */
  gpu?: lambda.Function
  /** Tells that AWS Batch finds no instance, where a task has it there. */
  blocked?: events.IRule
  /** Mail address that alarms go to. @default nobody is told; they stand in the console */
  alarmAddress?: string
  /** Dollars a month of the whole account, above which `alarmAddress` is told. */
  monthlyBudget?: number
  /** Dollars a day, likewise. */
  dailyBudget?: number
}

const fiveMinutes = Duration.minutes(5)
/** A segment that waits longer than that for a GPU is told of. */
const gpuWaitsLong = Duration.minutes(30)

/** A dashboard, and an alarm for each way in which jobs are lost or late. */
export class Observability extends Construct {
  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id)
    const { functions, machines, alarmAddress, monthlyBudget, dailyBudget } = props
    const topic = alarmAddress === undefined ? undefined : new sns.Topic(this, 'Alarms', { enforceSSL: true })
    if (topic) {
      topic.addSubscription(new subscriptions.EmailSubscription(alarmAddress!))
      acknowledge(topic, { 'Serverless-SNSRedrivePolicy': 'A mail that cannot be sent is of no use later' })
    }

    /** Sounds as soon as the metric is above `threshold`; no data is no harm. */
    const alarm = (name: string, metric: cloudwatch.IMetric, threshold: number, alarmDescription: string) => {
      const made = new cloudwatch.Alarm(this, name, {
        metric,
        threshold,
        alarmDescription,
        evaluationPeriods: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING
      })
      if (topic) made.addAlarmAction(new actions.SnsAction(topic))
    }

    const of = { period: fiveMinutes, statistic: 'Sum' }
    const most = { period: fiveMinutes, statistic: 'Maximum' }
    for (const [task, machine] of Object.entries(machines)) {
      alarm(
        `${task}-failed`,
        machine.metricFailed(of),
        0,
        `Jobs of ${task} failed: "clipmill cloud jobs" says which, "clipmill cloud logs ID" why, and "clipmill cloud retry ID" begins one again`
      )
      alarm(
        `${task}-aborted`,
        machine.metricAborted(of),
        0,
        `Jobs of ${task} were stopped: where it was not by "clipmill cloud cancel", CloudTrail has who called StopExecution; "clipmill cloud retry ID" begins one again`
      )
    }
    const { decode, render, infer } = functions
    const ofSegments = [decode, render, ...Object.values(infer), ...(props.gpu ? [props.gpu] : [])]
    alarm(
      'errors',
      new cloudwatch.MathExpression({
        expression: ofSegments.map((_, i) => `FILL(m${i}, 0)`).join(' + '),
        usingMetrics: Object.fromEntries(ofSegments.map((one, i) => [`m${i}`, one.metricErrors(of)])),
        period: fiveMinutes,
        label: 'Errors'
      }),
      10,
      'Segments fail and may be given up, so that jobs lack frames: "clipmill cloud logs ID" says why; after a deployment, deploy the version before it; "clipmill cloud retry ID" does what is missing'
    )
    alarm(
      'throttled',
      lambda.Function.metricAllThrottles(of),
      100,
      'Functions of the account wait for their turn, so that jobs are late: "clipmill doctor" says what the quota is; have it raised, or deploy with a smaller maxParallel'
    )
    for (const one of [decode, ...Object.values(infer)])
      alarm(
        `${one.node.id}-slow`,
        one.metricDuration({ period: fiveMinutes, statistic: 'p99' }),
        0.9 * one.timeout!.toMilliseconds(),
        `${one.node.id} comes near its time limit, at which segments are given up: deploy with a larger size, or ask for a lighter model`
      )
    alarm(
      'uploads-wait',
      props.uploads.metricApproximateAgeOfOldestMessage(most),
      waitsLong.toSeconds(),
      'Intake could not deal with an upload, or does not come to it: its log says why (S3 or Step Functions may be away). It is tried on for half a day, so mend that meanwhile; what is a dead letter by then, "clipmill cloud resend" sends again'
    )
    alarm(
      'dead-letters',
      props.deadLetters.metricApproximateNumberOfMessagesVisible(most),
      0,
      'Events could not be delivered or dealt with and are kept for 14 days: the logs of intake, webhook and batch-ended say why; once that is mended, "clipmill cloud resend" sends them again'
    )
    if (props.gpu)
      alarm(
        'gpu-waits',
        props.gpu.metric('AsyncEventAge', most),
        gpuWaitsLong.toMilliseconds(),
        'Segments wait for a GPU of Lambda: "clipmill doctor" says what the quota is; where the region has none to give, deploy with compute=TASK=lambda'
      )
    if (props.blocked)
      alarm(
        'gpu-blocked',
        new cloudwatch.Metric({
          namespace: 'AWS/Events',
          metricName: 'TriggeredRules',
          dimensionsMap: { RuleName: props.blocked.ruleName },
          ...of
        }),
        0,
        'AWS Batch gets no instance with a GPU: the job that is RUNNABLE says why in the console; "clipmill doctor" says what the quota is; where the region has none to give, deploy with compute=TASK=lambda'
      )
    this.draw([...functions.all, ...props.others], machines)
    if (monthlyBudget !== undefined) this.watchBudget('MONTHLY', monthlyBudget, alarmAddress!)
    if (dailyBudget !== undefined) this.watchBudget('DAILY', dailyBudget, alarmAddress!)
  }

  private draw(functions: lambda.Function[], machines: ObservabilityProps['machines']) {
    const ofMachines = (metric: (machine: sfn.IStateMachine) => cloudwatch.IMetric) =>
      Object.values(machines).map(metric)
    const graph = (title: string, left: cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({ title, left, width: 12 })
    new cloudwatch.Dashboard(this, 'Dashboard').addWidgets(
      graph(
        'Jobs started',
        ofMachines(machine => machine.metricStarted())
      ),
      graph(
        'Jobs done',
        ofMachines(machine => machine.metricSucceeded())
      ),
      graph(
        'Jobs failed',
        ofMachines(machine => machine.metricFailed())
      ),
      graph(
        'Time of a job',
        ofMachines(machine => machine.metricTime())
      ),
      graph(
        'Invocations',
        functions.map(one => one.metricInvocations())
      ),
      graph(
        'Duration, p99',
        functions.map(one => one.metricDuration({ statistic: 'p99' }))
      ),
      graph('Frames by step', [
        new cloudwatch.MathExpression({
          expression: "SEARCH('{clipmill,service,step,task} MetricName=\"frames\"', 'Sum', 300)",
          label: ''
        })
      ]),
      graph('Seconds in models', [
        new cloudwatch.MathExpression({
          expression: "SEARCH('{clipmill,service,step,task} MetricName=\"modelSeconds\"', 'Sum', 300)",
          label: ''
        })
      ])
    )
  }

  private watchBudget(timeUnit: 'MONTHLY' | 'DAILY', amount: number, address: string) {
    // What a day will have cost cannot be foretold.
    const told = timeUnit === 'DAILY' ? ['ACTUAL'] : ['FORECASTED', 'ACTUAL']
    new budgets.CfnBudget(this, timeUnit === 'DAILY' ? 'BudgetOfADay' : 'Budget', {
      budget: { budgetType: 'COST', timeUnit, budgetLimit: { amount, unit: 'USD' } },
      notificationsWithSubscribers: told.map(notificationType => ({
        notification: { notificationType, comparisonOperator: 'GREATER_THAN', threshold: 100 },
        subscribers: [{ subscriptionType: 'EMAIL', address }]
      }))
    })
  }
}
