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

export interface ObservabilityProps {
  functions: lambda.Function[]
  /** By task. */
  machines: Record<string, sfn.IStateMachine>
  /** Starts jobs. */
  rule: events.Rule
  deadLetters: sqs.IQueue
  /** Mail address that alarms go to. @default nobody is told; they stand in the console */
  alarmAddress?: string
  /** Dollars a month of the whole account, above which `alarmAddress` is told. */
  monthlyBudget?: number
}

const fiveMinutes = Duration.minutes(5)

/** A dashboard, and an alarm for each way in which jobs are lost or late. */
export class Observability extends Construct {
  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id)
    const { functions, machines, rule, deadLetters, alarmAddress, monthlyBudget } = props
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
    for (const [task, machine] of Object.entries(machines)) {
      alarm(
        `${task}-failed`,
        machine.metricFailed(of),
        0,
        `Jobs of ${task} failed: clipmill cloud jobs says which`
      )
      alarm(`${task}-timed-out`, machine.metricTimedOut(of), 0, `Jobs of ${task} took too long`)
      alarm(`${task}-aborted`, machine.metricAborted(of), 0, `Jobs of ${task} were stopped from outside`)
    }
    alarm(
      'throttled',
      lambda.Function.metricAllThrottles(of),
      100,
      'Functions of the account wait for their turn: see clipmill doctor for the quota'
    )
    for (const one of functions.filter(({ node }) => /^(decode|infer)/.test(node.id)))
      alarm(
        `${one.node.id}-slow`,
        one.metricDuration({ period: fiveMinutes, statistic: 'p99' }),
        0.9 * one.timeout!.toMilliseconds(),
        `${one.node.id} comes near its time limit`
      )
    alarm(
      'dead-letters',
      deadLetters.metricApproximateNumberOfMessagesVisible({ period: fiveMinutes, statistic: 'Maximum' }),
      0,
      'Events could not be delivered: they wait in the queue to be sent again'
    )
    alarm(
      'undelivered',
      new cloudwatch.Metric({
        namespace: 'AWS/Events',
        metricName: 'FailedInvocations',
        dimensionsMap: { RuleName: rule.ruleName },
        ...of
      }),
      0,
      'EventBridge could not call intake'
    )
    this.draw(functions, machines)
    if (monthlyBudget === undefined) return
    if (alarmAddress === undefined) throw new Error('monthlyBudget is told to the alarmAddress: give one')
    this.watchBudget(monthlyBudget, alarmAddress)
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

  private watchBudget(amount: number, address: string) {
    new budgets.CfnBudget(this, 'Budget', {
      budget: { budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount, unit: 'USD' } },
      notificationsWithSubscribers: (['FORECASTED', 'ACTUAL'] as const).map(notificationType => ({
        notification: { notificationType, comparisonOperator: 'GREATER_THAN', threshold: 100 },
        subscribers: [{ subscriptionType: 'EMAIL', address }]
      }))
    })
  }
}
