import { Exact, isObject, type Json, member } from './json';

/*
 * By what the elements of well-known lists are told apart: two security group rules with the same ports and protocol
 * are one rule that changed, wherever they stand.
 */

const RULE = ['protocol', 'from_port', 'to_port'];
const KEYS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ingress: [RULE],
  egress: [RULE],
  allow: [['protocol']],
  deny: [['protocol']],
  security_rule: [['name']],
  statement: [['sid']],
  Statement: [['Sid']],
  tag: [['key']],
  tags: [['key'], ['Key']],
  Tags: [['Key'], ['key']],
  environment: [['name']],
  env: [['name']],
  secrets: [['name']],
  containers: [['name']],
  container_definitions: [['name']],
  portMappings: [['containerPort', 'protocol']],
  volume: [['name']],
  parameter: [['name']],
  setting: [['namespace', 'name'], ['name']],
  attribute: [['name']],
  global_secondary_index: [['name']],
  local_secondary_index: [['name']],
  ebs_block_device: [['device_name']],
  block_device_mappings: [['device_name']],
  lifecycle_rule: [['id']],
  rule: [['id'], ['name']],
  origin: [['origin_id']],
  subnet_mapping: [['subnet_id']],
  set: [['name']],
};

/** How the elements of two lists of this name are told apart, where each has an identity of its own. */
export function identityOf(
  name: string | number | undefined,
  expected: readonly Json[],
  actual: readonly Json[],
): ((element: Json) => string) | undefined {
  if (typeof name !== 'string' || !Object.hasOwn(KEYS, name) || expected.length === 0 || actual.length === 0) {
    return undefined;
  }
  return (KEYS[name] ?? [])
    .map((keys) => (element: Json) => identity(element, keys))
    .find((identify) => isUnique(expected.map(identify)) && isUnique(actual.map(identify)));
}

/** Its identifying values side by side, such as `tcp 443`; empty where one is missing. */
function identity(element: Json, keys: readonly string[]): string {
  if (!isObject(element)) return '';
  const values = keys.map((key) => member(element, key));
  const isWhole = values.every(
    (value) => value instanceof Exact || typeof value === 'number' || (typeof value === 'string' && value !== ''),
  );
  if (!isWhole) return '';
  if (keys !== RULE) return values.map(String).join(' ');
  const [protocol, from, to] = values.map(String);
  return `${protocol} ${from === to ? from : `${from}–${to}`}`;
}

const isUnique = (identities: readonly string[]): boolean =>
  !identities.includes('') && new Set(identities).size === identities.length;
