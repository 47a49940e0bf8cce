/*
 * What to copy to push a workspace's plan from a shell or a pipeline. The pipelines are the README's, word for word.
 */

/** Where the key goes that isn't made yet. */
export const NO_KEY = 'dsk_…';

export interface Target {
  /** This server's address, such as `https://drift.example.internal`. */
  server: string;
  /** The workspace's name; it needs no quotes anywhere, by its rule. */
  workspace: string;
  /** The API key, where it was made just now. */
  key: string | null;
}

export const shell = ({ server, workspace, key }: Target): string => `\
export DRIFTSENTRY_API_KEY=${key ?? NO_KEY}
terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |
  driftsentry push --server ${server} --workspace ${workspace} -`;

/** The server redacts what curl sends as it is: nothing sensitive is kept, and yet it leaves the machine. */
export const curl = ({ server, workspace, key }: Target): string => `\
export DRIFTSENTRY_API_KEY=${key ?? NO_KEY}
terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |
  curl --fail-with-body --silent --show-error "${server}/api/v1/scans?workspace=${workspace}" \\
    --header "X-API-Key: $DRIFTSENTRY_API_KEY" --header "Content-Type: application/json" --data-binary @-`;

export const gitHub = (workspace: string): string => `\
name: Drift
on:
  schedule:
    - cron: "17 5 * * 1-5"
  workflow_dispatch:
permissions:
  contents: read
concurrency: drift
jobs:
  drift:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    defaults:
      run:
        shell: bash
    steps:
      - uses: actions/checkout@v4
      - uses: hashicorp/setup-terraform@v3
        with:
          terraform_wrapper: false
      - name: Install driftsentry
        env:
          BINARY_URL: \${{ vars.DRIFTSENTRY_BINARY_URL }}
          BINARY_SHA256: \${{ vars.DRIFTSENTRY_BINARY_SHA256 }}
        run: |
          curl --fail --silent --show-error --location --output driftsentry "$BINARY_URL"
          echo "$BINARY_SHA256  driftsentry" | sha256sum --check
          install -D --mode=0755 driftsentry "$HOME/.local/bin/driftsentry"
          echo "$HOME/.local/bin" >> "$GITHUB_PATH"
      - name: Plan
        run: |
          terraform init -input=false
          terraform plan -refresh-only -input=false -lock=false -out="$RUNNER_TEMP/tfplan"
          terraform show -json "$RUNNER_TEMP/tfplan" > "$RUNNER_TEMP/plan.json"
      - name: Push
        env:
          DRIFTSENTRY_API_KEY: \${{ secrets.DRIFTSENTRY_API_KEY }}
          DRIFTSENTRY_SERVER: \${{ vars.DRIFTSENTRY_SERVER }}
        run: driftsentry push "$RUNNER_TEMP/plan.json" --workspace ${workspace} --commit "$GITHUB_SHA"
`;

export const gitLab = (workspace: string): string => `\
drift:
  image:
    name: hashicorp/terraform:1.11
    entrypoint: [""]
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  timeout: 30 minutes
  resource_group: drift
  script:
    - wget -q -O /usr/local/bin/driftsentry "$DRIFTSENTRY_BINARY_URL"
    - echo "$DRIFTSENTRY_BINARY_SHA256  /usr/local/bin/driftsentry" | sha256sum -c
    - chmod 0755 /usr/local/bin/driftsentry
    - terraform init -input=false
    - terraform plan -refresh-only -input=false -lock=false -out=/tmp/tfplan
    - terraform show -json /tmp/tfplan > /tmp/plan.json
    - driftsentry push /tmp/plan.json --workspace ${workspace} --commit "$CI_COMMIT_SHA"
  allow_failure:
    exit_codes: 2
`;
