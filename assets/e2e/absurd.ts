import { ADMIN, type Appliance, ENGINEER } from './appliance';

/** A name of 300 characters, as deeply nested modules make them. */
const LONG_ADDRESS =
  `${'module.region_eu_central_1.module.platform_shared_services.'.repeat(5)}aws_instance.web`.padEnd(300, 'x');
const RIGHT_TO_LEFT = 'aws_s3_bucket.مستودع_النسخ_الاحتياطي["שלום"]';
const EMOJI = 'aws_iam_role.👩‍💻_deployer["🚀🚀🚀"]';

/** An access policy of some 200 lines, as a JSON text inside an attribute. */
function policy(statements: number, opened: boolean): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: Array.from({ length: statements }, (_, at) => ({
      Sid: `Statement${at}`,
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject'],
      Principal: opened && at === 7 ? '*' : { AWS: `arn:aws:iam::123456789012:role/reader-${at}` },
      Resource: `arn:aws:s3:::brightcart-exports/${at}/*`,
    })),
  });
}

const attributes = (count: number, changed: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `attribute_${String(at).padStart(5, '0')}`,
      at < changed ? 'changed' : at,
    ]),
  );

/** Puts what no demonstration has into a store: what is too long, too many, or written the other way. */
export async function fillWithAbsurdities(
  appliance: Appliance,
): Promise<Record<'long' | 'policy' | 'many' | 'workspace', string>> {
  const admin = await appliance.as(ADMIN);
  const { id: workspace } = await admin.call('POST', '/workspaces', {
    name: `${'platform-services/'.repeat(6)}production-eu`,
    environment: 'production-europe-with-a-very-long-name',
    description: 'Everything that nobody else wanted to own. '.repeat(20).trim(),
    labels: Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => [`label-${at}`, 'a-rather-long-value-of-a-label'.repeat(2)]),
    ),
    expectedEvery: '6h',
  });
  const engineer = await appliance.as(ENGINEER).catch(() => admin);
  const create = async (resourceAddress: string, expectedState: unknown, actualState: unknown) => {
    const made = await engineer.call('POST', '/drifts', {
      workspace: 'absurd/prod',
      resourceId: resourceAddress.slice(0, 200),
      resourceType: 'aws_instance',
      resourceAddress,
      region: 'eu-central-1',
      expectedState,
      actualState,
      severity: 'critical',
    });
    return made.id as string;
  };
  const long = await create(
    LONG_ADDRESS,
    { tags: { Owner: 'platform' }, size: 'm5.large' },
    { tags: { Owner: 'x'.repeat(5_000) }, size: 'm5.large' },
  );
  await create(RIGHT_TO_LEFT, { name: 'مستودع', note: 'left' }, { name: 'מחסן', note: 'a\u202etxet sdrawkcab\u202c' });
  await create(EMOJI, { name: '👩‍💻', flag: '🏳️‍🌈' }, { name: '👨‍👩‍👧‍👦', flag: '🏴‍☠️' });
  const withPolicy = await create(
    'aws_s3_bucket_policy.exports',
    { policy: policy(20, false) },
    { policy: policy(20, true) },
  );
  const many = await create('aws_dynamodb_table.everything', attributes(10_000, 0), attributes(10_000, 1_500));
  for (const email of ['a.person.with.an.uncommonly.long.address@subsidiary.holdings.brightcart.example']) {
    await admin.call('POST', '/users', {
      email,
      role: 'viewer',
      firstName: '👩‍💻'.repeat(10),
      lastName: 'של'.repeat(20),
    });
  }
  await engineer.call('POST', `/drifts/${long}/comments`, {
    body: `${'a'.repeat(500)}\n\n${'Twice told. '.repeat(200)}`,
  });
  return { long, policy: withPolicy, many, workspace };
}
