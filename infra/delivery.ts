import { Duration } from 'aws-cdk-lib'

/** How long EventBridge tries to reach what it cannot reach: as often as it does at most. */
export const forADay = { maxEventAge: Duration.hours(24), retryAttempts: 185 }
