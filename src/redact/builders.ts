// What code hosts, package registries, build and monitoring systems give out: the second third of the table of rules.
import { after, token, type TextRule } from './rule.js';
import { hex, lower, mixed, upper, uuid } from './sample.js';

export const builderRules: readonly TextRule[] = [
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], /gh[pousr]_[A-Za-z0-9]{36}[A-Za-z0-9_]{0,255}/, `«ghp_${mixed(36)}»`, `ghp_${mixed(35)} xghp_${mixed(36)}`),
  token('github-app-token', ['ghs_'], /ghs_\d{1,20}_eyJ[\w-]{10,4096}(?:\.[\w-]{1,16384}){1,2}/, `«ghs_1_eyJ${mixed(10)}.x»`, 'ghs_123456_eyJ ghs_name_eyJ'),
  token('github-pat', ['github_pat_'], /github_pat_[A-Za-z0-9_]{82}/, `«github_pat_${mixed(22)}_${mixed(59)}»`, `github_pat_${mixed(22)}`),
  token('gitlab-token', ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glft-', 'glimt-', 'glagent-', 'gloas-', 'glsoat-', 'glcbt-', 'glffct-', 'gr1348941'],
    /(?:gl(?:pat|dt|rt|ptt|ft|imt|agent|oas|soat|cbt|ffct)-|GR1348941)[\w-]{20,300}(?:\.[0-9a-z]{2,9}){0,2}/, `«gldt-${mixed(20)}»`, 'glpat-rotation glrt-1'),
  token('npm-token', ['npm_'], /npm_[A-Za-z0-9]{36}/, `«npm_${mixed(36)}»`, 'npm_config_registry npm_lifecycle_event'),
  token('pypi-token', ['pypi-age'], /pypi-AgE[\w-]{16,1000}/, `«pypi-AgE${mixed(16)}»`, 'pypi-AgEd pypi-server'),
  token('rubygems-token', ['rubygems_'], /rubygems_[0-9a-f]{48}/, `«rubygems_${hex(48)}»`, `rubygems_${hex(16)}`),
  token('crates-token', ['cio'], /cio[A-Za-z0-9]{32}/, `«cio${mixed(32)}»`, `cio${mixed(31)} precious cio${mixed(40)}`),
  token('nuget-key', ['oy2'], /oy2[a-z0-9]{43}/, `«oy2${lower(43)}»`, `oy2${lower(20)} boy2`),
  token('clojars-token', ['clojars_'], /CLOJARS_[a-z0-9]{60}/, `«CLOJARS_${lower(60)}»`, 'CLOJARS_USERNAME'),
  token('dockerhub-token', ['dckr_pat_', 'dckr_oat_'], /dckr_[po]at_[\w-]{27,48}/, `«dckr_pat_${mixed(27)}»`, 'dckr_pat_1'),
  token('artifactory-token', ['akcp', 'cmvmd'], /AKCp[A-Za-z0-9]{69,73}|cmVmd[A-Za-z0-9]{59}/, `«cmVmd${mixed(59)}»`, `AKCp${mixed(20)} cmVmd${mixed(80)}`),
  token('bitbucket-token', ['atbb', 'atctt3'], /ATBB[A-Za-z0-9]{32}|ATCTT3[\w=-]{60,400}/, `«ATBB${mixed(32)}»`, `ATBB${mixed(16)}`),
  token('buildkite-token', ['bkua_'], /bkua_[0-9a-f]{40}/, `«bkua_${hex(40)}»`, `bkua_${hex(8)}`),
  token('circleci-token', ['ccipat_'], /CCIPAT_[A-Za-z0-9]{22}_[0-9a-f]{40}/, `«CCIPAT_${mixed(22)}_${hex(40)}»`, 'CCIPAT_1'),
  token('sonar-token', ['sqp_', 'squ_', 'sqa_'], /sq[pua]_[0-9a-f]{40}/, `«squ_${hex(40)}»`, `sqp_${hex(10)}`),
  token('sourcegraph-token', ['sgp_'], /sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}/, `«sgp_${hex(40)}»`, `sgp_${hex(20)}`),
  token('infracost-key', ['ico-'], /ico-[A-Za-z0-9]{32}/, `«ico-${mixed(32)}»`, 'mexico-city ico-small'),
  token('grafana-token', ['glsa_', 'glc_'], /glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}|glc_[A-Za-z0-9+/]{32,400}={0,3}/, `«glc_${mixed(32)}»`, `glsa_${mixed(32)} glc_x`),
  token('newrelic-key', ['nrak-', 'nrii-', 'nrra-'], /NR(?:AK|II|RA)-[A-Za-z0-9_-]{27,32}/, `«NRAK-${upper(27)}»`, `NRAK-${upper(9)}`),
  token('sentry-token', ['sntrys_', 'sntryu_'], /sntrys_eyJ[A-Za-z0-9+/=_]{40,1000}|sntryu_[0-9a-f]{64}/, `«sntrys_eyJ${mixed(40)}»`, `sntryu_${hex(20)}`),
  token('dynatrace-token', ['dt0c01.'], /dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}/, `«dt0c01.${upper(24)}.${upper(64)}»`, `dt0c01.${upper(24)}`),
  token('honeycomb-key', ['hcaik_', 'hcbik_', 'hccik_', 'hcxik_'], /hc[abcx]ik_[a-z0-9]{58}/, `«hcaik_${lower(58)}»`, `hcaik_${lower(20)}`),
  token('prefect-token', ['pnu_', 'pnb_'], /pn[ub]_[A-Za-z0-9]{36}/, `«pnu_${mixed(36)}»`, `pnu_${mixed(12)}`),
  token('postman-key', ['pmak-'], /PMAK-[0-9a-f]{24}-[0-9a-f]{34}/, `«PMAK-${hex(24)}-${hex(34)}»`, `PMAK-${hex(24)}`),
  after('launchdarkly-key', ['launchdarkly'], /launchdarkly[^\n]{0,80}?((?:sdk|api|mob)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/gi,
    `launchdarkly.init(«sdk-${uuid()}»)`, `sdk-${uuid()} api-${uuid()}`),
];
