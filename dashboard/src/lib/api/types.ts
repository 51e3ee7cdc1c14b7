// The shapes of the API under the names that pages use.
import type { components } from './schema';

type Schemas = components['schemas'];

export type User = Schemas['UserBody'];
export type Environment = Schemas['EnvironmentBody'];
export type Deployment = Schemas['DeploymentBody'];
export type LiveDeployment = Schemas['LiveDeploymentBody'];
export type Domain = Schemas['DomainBody'];
export type Firewall = Schemas['FirewallBody'];
export type Limits = Schemas['LimitsBody'];
export type Rule = Schemas['Rule'];
export type NewRule = Schemas['NewRule'];
export type AddedRules = Schemas['AddedRules'];
export type Headers = Schemas['HeadersBody'];
export type HeaderSettings = Schemas['HeaderSettingsBody'];
export type Difference = Schemas['Difference'];
export type InvitedUser = Schemas['InvitedUser'];
export type ProblemDetails = Schemas['ProblemDetails'];
export type Factors = Schemas['FactorsBody'];
export type NewTotp = Schemas['NewTotp'];
export type ListedSession = Schemas['ListedSession'];
export type LoginRecord = Schemas['LoginBody'];
export type InstanceSettings = Schemas['InstanceSettings'];
export type InstanceDetails = Schemas['InstanceBody'];
export type LastDeployment = Schemas['LastDeployment'];
export type LiveHeaders = Schemas['LiveHeaders'];
export type DryRun = Schemas['DryRun'];
export type RuleChange = Schemas['ChangedRule'];
export type SavedRule = Schemas['RuleAfterChange'];
export type ProjectTraffic = Schemas['ProjectTraffic'];
/** The spans that charts show. */
export type Range = 'hour' | 'day' | 'week';
export type * from './exact';
