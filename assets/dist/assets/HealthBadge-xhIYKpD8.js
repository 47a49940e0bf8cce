import{n as e}from"./rolldown-runtime-WkwZ5CU-.js";import{$ as t,Bt as n,Ct as r,D as i,Kt as a,L as o,Lt as s,Vt as c,Wt as l,X as u,Xt as d,Zt as f,_ as p,an as m,h,ht as g,p as _,rt as v,vt as y,xt as b}from"./common-DWVYMiSZ.js";import{l as x,r as S}from"./health-7aIL94ws.js";var C={title:`Push a scan`,firstTitle:`Push the first scan`,intro:`DriftSentry reads the plan that you already make. Nothing sensitive leaves the machine that runs this, and DriftSentry needs no credentials to your cloud.`,workspace:`Workspace`,workspaceHint:`One unit that the tool plans, such as shop/prod. The first scan makes it.`,wrongName:`Must be 1 to 128 of a-z 0-9 . _ - /, starting and ending with a letter or digit, such as shop/prod`,ways:`Where the plan is made`,shell:`Shell`,gitHub:`GitHub Actions`,gitLab:`GitLab CI`,curl:`curl`,curlNote:`Without the driftsentry binary. The plan is sent as it is: the server hides what is sensitive before it keeps anything.`,gitHubNote:`Each weekday and on demand, as .github/workflows/drift.yml. The job is red where something drifted. In Settings → Secrets and variables → Actions:`,gitLabNote:`From a pipeline schedule, in .gitlab-ci.yml. The job has a warning where something drifted. In Settings → CI/CD → Variables:`,secret:`secret`,masked:`masked and protected`,variable:`variable`,binaryUrl:`where the job fetches the driftsentry binary, such as your artefact store`,binarySum:`its SHA-256`,keyTitle:`API key`,makeKey:`Make the key`,keyHint:e=>`It can push scans of ${e}, and nothing else.`,keyFailed:`The key was not made`,keyName:(e,t)=>`push ${e} ${t}`,keyMade:e=>`This key pushes scans of ${e}. It is shown this once: copy it now.`,keyOther:e=>`The key that you made is for ${e}.`,keyByAdmin:`An administrator makes the key: it needs the scope ingest.`,commands:e=>`lines for ${e}`,waiting:`Waiting for the first scan…`,waitingFailed:`Whether a scan has arrived could not be told`,arrived:e=>`The first scan of ${e} has arrived`,arrivedDrifts:(e,t)=>`${e} of ${t}`,arrivedFailed:`It says that it failed:`,openScan:`Open the scan`,toDashboard:`Show the dashboard`},w={status:`_status_pv4ua_1`,ways:`_ways_pv4ua_30`,turning:`_turning_pv4ua_37`,turn:`_turn_pv4ua_37`},T=f();function E({workspace:e,action:t}){let r=a({queryKey:[`scans`,`newest`,e??null],queryFn:({signal:t})=>c(n.GET(`/api/v1/scans`,{params:{query:{limit:1,...e===void 0?{}:{workspace:e}}},signal:t}))}),i=r.data?.items[0];return r.isError?(0,T.jsx)(u,{what:C.waitingFailed,error:r.error,onRetry:()=>void r.refetch()}):(0,T.jsx)(`div`,{role:`status`,className:w.status,"data-state":i?.status??`waiting`,children:i===void 0?(0,T.jsxs)(`p`,{children:[(0,T.jsx)(`span`,{className:w.turning,"aria-hidden":`true`}),` `,C.waiting]}):(0,T.jsx)(D,{scan:i,action:t})})}function D({scan:e,action:t}){let{drifted:n,resources:r}=e.counts;return(0,T.jsxs)(T.Fragment,{children:[(0,T.jsxs)(`p`,{children:[(0,T.jsxs)(`strong`,{children:[C.arrived(e.workspace),`.`]}),` `,e.status===`failed`?`${C.arrivedFailed} ${e.problems[0]?.split(`
`)[0]??``}`:`${C.arrivedDrifts(s(n,`drift`),s(r,`resource`))}.`]}),(0,T.jsxs)(`p`,{className:w.ways,children:[(0,T.jsx)(g,{to:`/scans/${e.id}`,children:C.openScan}),t]})]})}var O=e(m(),1),k=/^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/,A=e=>e.length<=128&&k.test(e),j={m:`minute`,h:`hour`,d:`day`,w:`week`};function M(e){let[,t,n]=/^([0-9]+)([mhdw])$/.exec(e)??[],r=Number(t);return n===void 0||r<1||r>9999?null:{number:r,unit:j[n]}}var N=32;function P(e){let t=new Map;for(let[n,r]of e.split(`
`).entries()){let e=r.trim();if(e===``)continue;let i=e=>({line:n+1,why:e}),a=e.indexOf(`=`);if(a<0)return i(`noEquals`);let o=e.slice(0,a).trim(),s=e.slice(a+1).trim();if(o===``||[...o].length>63)return i(`name`);if([...s].length>255)return i(`word`);if(t.has(o))return i(`twice`);if(t.size===N)return i(`tooMany`);t.set(o,s)}return Object.fromEntries(t)}var F=e=>typeof e.line==`number`,I=e=>Object.entries(e).map(([e,t])=>`${e}=${t}`).join(`
`),L={make:`_make_177se_1`,hint:`_hint_177se_12`,made:`_made_177se_17`,key:`_key_177se_31`},R=70;function z({workspace:e,made:i,onMade:a}){let{administer:o}=b(),s=r(),f=d(),m=(0,O.useRef)(null),h=l({mutationFn:async e=>{let t=C.keyName(p(e,R),new Date().toISOString().replace(`T`,` `).slice(0,19));return c(n.POST(`/api/v1/api-keys`,{body:{name:t,scope:`ingest`,workspaces:[e]}}))},onSuccess:({key:e},t)=>{a({workspace:t,key:e}),f.invalidateQueries({queryKey:[`keys`]})}}),g=i!==null&&i.workspace===e;return(0,O.useEffect)(()=>{g&&m.current?.focus()},[g]),o?g?(0,T.jsxs)(`div`,{className:L.made,children:[(0,T.jsx)(`p`,{ref:m,tabIndex:-1,children:C.keyMade(i.workspace)}),(0,T.jsxs)(`p`,{className:L.key,children:[(0,T.jsx)(`code`,{children:i.key}),` `,(0,T.jsx)(t,{text:i.key,what:C.keyTitle})]})]}):(0,T.jsxs)(`div`,{className:L.make,children:[(0,T.jsx)(y,{busy:h.isPending,disabled:e===null||s!==void 0,title:s,onClick:()=>{e!==null&&h.mutate(e)},children:C.makeKey}),e===null?null:(0,T.jsxs)(`p`,{className:L.hint,children:[C.keyHint(e),` `,i===null?null:C.keyOther(i.workspace)]}),h.isError?(0,T.jsx)(u,{what:C.keyFailed,error:h.error}):null]}):(0,T.jsx)(`p`,{className:L.hint,children:C.keyByAdmin})}var B={guide:`_guide_186zv_1`,way:`_way_186zv_2`,intro:`_intro_186zv_8`,name:`_name_186zv_13`,values:`_values_186zv_17`},V=({server:e,workspace:t,key:n})=>`\
export DRIFTSENTRY_API_KEY=${n??`dsk_…`}
terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |
  driftsentry push --server ${e} --workspace ${t} -`,H=({server:e,workspace:t,key:n})=>`\
export DRIFTSENTRY_API_KEY=${n??`dsk_…`}
terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |
  curl --fail-with-body --silent --show-error "${e}/api/v1/scans?workspace=${t}" \\
    --header "X-API-Key: $DRIFTSENTRY_API_KEY" --header "Content-Type: application/json" --data-binary @-`,U=e=>`\
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
        run: driftsentry push "$RUNNER_TEMP/plan.json" --workspace ${e} --commit "$GITHUB_SHA"
`,W=e=>`\
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
    - driftsentry push /tmp/plan.json --workspace ${e} --commit "$CI_COMMIT_SHA"
  allow_failure:
    exit_codes: 2
`,G=`shop/prod`;function K({workspace:e}){let[t,n]=(0,O.useState)(G),[r,i]=(0,O.useState)(null),a=e??t.trim(),o=A(a),s=o?a:G,c=location.origin,l=r?.workspace===s?r.key:null;return(0,T.jsxs)(`div`,{className:B.guide,children:[(0,T.jsx)(`p`,{className:B.intro,children:C.intro}),e===void 0?(0,T.jsx)(`div`,{className:B.name,children:(0,T.jsx)(v,{label:C.workspace,hint:C.workspaceHint,error:o?null:C.wrongName,children:(0,T.jsx)(`input`,{value:t,onChange:e=>n(e.target.value),autoCapitalize:`none`,autoComplete:`off`,spellCheck:!1})})}):null,(0,T.jsx)(z,{workspace:o?s:null,made:r,onMade:i}),(0,T.jsx)(_,{label:C.ways,tabs:[{title:C.shell,content:(0,T.jsx)(h,{code:V({server:c,workspace:s,key:l}),what:C.commands(C.shell)})},{title:C.gitHub,content:(0,T.jsx)(q,{note:C.gitHubNote,server:c,keyIs:C.secret,apiKey:l,children:(0,T.jsx)(h,{code:U(s),what:C.commands(C.gitHub)})})},{title:C.gitLab,content:(0,T.jsx)(q,{note:C.gitLabNote,server:c,keyIs:C.masked,apiKey:l,children:(0,T.jsx)(h,{code:W(s),what:C.commands(C.gitLab)})})},{title:C.curl,content:(0,T.jsxs)(`div`,{className:B.way,children:[(0,T.jsx)(`p`,{children:C.curlNote}),(0,T.jsx)(h,{code:H({server:c,workspace:s,key:l}),what:C.commands(C.curl)})]})}]})]})}function q({note:e,server:t,keyIs:n,apiKey:r,children:i}){return(0,T.jsxs)(`div`,{className:B.way,children:[(0,T.jsx)(`p`,{children:e}),(0,T.jsxs)(`dl`,{className:B.values,children:[(0,T.jsx)(J,{name:`DRIFTSENTRY_API_KEY`,kind:n,copy:r,children:(0,T.jsx)(`code`,{children:r??`dsk_…`})}),(0,T.jsx)(J,{name:`DRIFTSENTRY_SERVER`,kind:C.variable,copy:t,children:(0,T.jsx)(`code`,{children:t})}),(0,T.jsx)(J,{name:`DRIFTSENTRY_BINARY_URL`,kind:C.variable,copy:null,children:C.binaryUrl}),(0,T.jsx)(J,{name:`DRIFTSENTRY_BINARY_SHA256`,kind:C.variable,copy:null,children:C.binarySum})]}),i]})}function J(e){return(0,T.jsxs)(`div`,{children:[(0,T.jsxs)(`dt`,{children:[(0,T.jsx)(`code`,{children:e.name}),` `,(0,T.jsx)(`small`,{children:e.kind})]}),(0,T.jsxs)(`dd`,{children:[(0,T.jsx)(`span`,{children:e.children}),e.copy===null?null:(0,T.jsx)(t,{text:e.copy,what:e.name})]})]})}var Y={health:`_health_1rtsv_1`},X={never:`neutral`,failed:`bad`,silent:`caution`,drifted:`neutral`,partial:`caution`,clean:`good`};function Z({workspace:e}){let t=S(e),{lastScan:n,createdAt:r}=e;return(0,T.jsx)(`span`,{className:Y.health,title:x.healthMeanings[t],children:(0,T.jsx)(o,{tone:X[t],children:t===`silent`?n?(0,T.jsxs)(`span`,{children:[x.lastScanAt,` `,(0,T.jsx)(i,{at:n.at})]}):(0,T.jsxs)(`span`,{children:[x.neverSeen,` `,(0,T.jsx)(i,{at:r})]}):x.healths[t]})})}export{F as a,E as c,A as i,C as l,K as n,P as o,M as r,I as s,Z as t};