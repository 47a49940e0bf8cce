const instance = (tags: Record<string, string>) => ({ id: 'i-0abc', instance_type: 't3.micro', tags });
const group = (cidr: string) => ({
  id: 'sg-0abc',
  name: 'web',
  ingress: [{ from_port: 22, to_port: 22, protocol: 'tcp', cidr_blocks: [cidr], description: 'ssh' }],
});

const changed = (address: string, before: object, after: object) => {
  const [type, name] = address.split('.');
  return {
    address,
    mode: 'managed',
    type,
    name,
    provider_name: 'registry.terraform.io/hashicorp/aws',
    change: { actions: ['update'], before, after, after_unknown: {}, before_sensitive: false, after_sensitive: false },
  };
};

/**
 * What `terraform show -json` prints of a refresh-only plan that found one security group open to the world, and
 * instances whose tags are others.
 */
export function driftPlan({ critical, tagged }: { critical: string; tagged: string[] }) {
  return {
    format_version: '1.2',
    terraform_version: '1.11.4',
    resource_drift: [
      changed(critical, group('10.0.0.0/8'), group('0.0.0.0/0')),
      ...tagged.map((address) => changed(address, instance({ Owner: 'platform' }), instance({ Owner: 'nobody' }))),
    ],
    planned_values: { root_module: {} },
    applyable: true,
    complete: true,
    errored: false,
  };
}
