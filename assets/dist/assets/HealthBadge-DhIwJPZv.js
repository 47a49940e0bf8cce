import{d as e,p as t,u as n}from"./preferences-0idWIJve.js";import{C as r,f as i,m as a,rt as o}from"./time-KSuOe0oK.js";import{t as s}from"./Field-NtK_3amk.js";import{t as c}from"./useMutation-BIrs-Y32.js";import{a as l,c as u,n as d,x as f}from"./States-Bw_WIYOh.js";import{l as p,r as m}from"./health-BZnxRUvo.js";import{E as h,b as g,c as _,v}from"./index-B9HbOlYC.js";import{t as y}from"./Badge-CIB88uoF.js";import{t as b}from"./middle--6yVy31w.js";import{t as x}from"./CodeBlock-C_ncSIyE.js";var S={title:`Push a scan`,firstTitle:`Push the first scan`,intro:`DriftSentry reads the plan that you already make. Nothing sensitive leaves the machine that runs this, and DriftSentry needs no credentials to your cloud.`,workspace:`Workspace`,workspaceHint:`One unit that the tool plans, such as shop/prod. The first scan makes it.`,wrongName:`Must be 1 to 128 of a-z 0-9 . _ - /, starting and ending with a letter or digit, such as shop/prod`,ways:`Where the plan is made`,shell:`Shell`,gitHub:`GitHub Actions`,gitLab:`GitLab CI`,curl:`curl`,curlNote:`Without the driftsentry binary. The plan is sent as it is: the server hides what is sensitive before it keeps anything.`,gitHubNote:`Each weekday and on demand, as .github/workflows/drift.yml. The job is red where something drifted. In Settings → Secrets and variables → Actions:`,gitLabNote:`From a pipeline schedule, in .gitlab-ci.yml. The job has a warning where something drifted. In Settings → CI/CD → Variables:`,secret:`secret`,masked:`masked and protected`,variable:`variable`,binaryUrl:`where the job fetches the driftsentry binary, such as your artefact store`,binarySum:`its SHA-256`,keyTitle:`API key`,makeKey:`Make the key`,keyHint:e=>`It can push scans of ${e}, and nothing else.`,keyFailed:`The key was not made`,keyName:(e,t)=>`push ${e} ${t}`,keyMade:e=>`This key pushes scans of ${e}. It is shown this once: copy it now.`,keyOther:e=>`The key that you made is for ${e}.`,keyByAdmin:`An administrator makes the key: it needs the scope ingest.`,commands:e=>`lines for ${e}`,waiting:`Waiting for the first scan…`,waitingFailed:`Whether a scan has arrived could not be told`,arrived:e=>`The first scan of ${e} has arrived`,arrivedDrifts:(e,t)=>`${e} of ${t}`,arrivedFailed:`It says that it failed:`,openScan:`Open the scan`,toDashboard:`Show the dashboard`},C={status:`_status_pv4ua_1`,ways:`_ways_pv4ua_30`,turning:`_turning_pv4ua_37`,turn:`_turn_pv4ua_37`},w=n();function T({workspace:e,action:t}){let n=r({queryKey:[`scans`,`newest`,e??null],queryFn:({signal:t})=>a(i.GET(`/api/v1/scans`,{params:{query:{limit:1,...e===void 0?{}:{workspace:e}}},signal:t}))}),o=n.data?.items[0];return n.isError?(0,w.jsx)(d,{what:S.waitingFailed,error:n.error,onRetry:()=>void n.refetch()}):(0,w.jsx)(`div`,{role:`status`,className:C.status,"data-state":o?.status??`waiting`,children:o===void 0?(0,w.jsxs)(`p`,{children:[(0,w.jsx)(`span`,{className:C.turning,"aria-hidden":`true`}),` `,S.waiting]}):(0,w.jsx)(E,{scan:o,action:t})})}function E({scan:e,action:t}){let{drifted:n,resources:r}=e.counts;return(0,w.jsxs)(w.Fragment,{children:[(0,w.jsxs)(`p`,{children:[(0,w.jsxs)(`strong`,{children:[S.arrived(e.workspace),`.`]}),` `,e.status===`failed`?`${S.arrivedFailed} ${e.problems[0]?.split(`
`)[0]??``}`:`${S.arrivedDrifts(f(n,`drift`),f(r,`resource`))}.`]}),(0,w.jsxs)(`p`,{className:C.ways,children:[(0,w.jsx)(h,{to:`/scans/${e.id}`,children:S.openScan}),t]})]})}var D=t(e(),1),O={tabs:`_tabs_1atx1_1`,list:`_list_1atx1_11`};function k({label:e,tabs:t}){let[n,r]=(0,D.useState)(0),i=(0,D.useId)(),a=(0,D.useRef)(null);return(0,w.jsxs)(`div`,{className:O.tabs,children:[(0,w.jsx)(`div`,{role:`tablist`,"aria-label":e,className:O.list,ref:a,onKeyDown:e=>{let i={ArrowRight:n+1,ArrowLeft:n-1,Home:0,End:t.length-1}[e.key];if(i===void 0)return;e.preventDefault();let o=(i+t.length)%t.length;r(o),a.current?.querySelectorAll(`button`)[o]?.focus()},children:t.map((e,t)=>(0,w.jsx)(`button`,{type:`button`,role:`tab`,id:`${i}-tab-${t}`,"aria-selected":t===n,"aria-controls":`${i}-panel`,tabIndex:t===n?0:-1,onClick:()=>r(t),children:e.title},e.title))}),(0,w.jsx)(`div`,{role:`tabpanel`,id:`${i}-panel`,"aria-labelledby":`${i}-tab-${n}`,children:t[n]?.content})]})}var A=/^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/,j=e=>e.length<=128&&A.test(e),M={m:`minute`,h:`hour`,d:`day`,w:`week`};function N(e){let[,t,n]=/^([0-9]+)([mhdw])$/.exec(e)??[],r=Number(t);return n===void 0||r<1||r>9999?null:{number:r,unit:M[n]}}var P=32;function F(e){let t=new Map;for(let[n,r]of e.split(`
`).entries()){let e=r.trim();if(e===``)continue;let i=e=>({line:n+1,why:e}),a=e.indexOf(`=`);if(a<0)return i(`noEquals`);let o=e.slice(0,a).trim(),s=e.slice(a+1).trim();if(o===``||[...o].length>63)return i(`name`);if([...s].length>255)return i(`word`);if(t.has(o))return i(`twice`);if(t.size===P)return i(`tooMany`);t.set(o,s)}return Object.fromEntries(t)}var I=e=>typeof e.line==`number`,L=e=>Object.entries(e).map(([e,t])=>`${e}=${t}`).join(`
`),R={make:`_make_177se_1`,hint:`_hint_177se_12`,made:`_made_177se_17`,key:`_key_177se_31`},z=70;function B({workspace:e,made:t,onMade:n}){let{administer:r}=v(),s=g(),f=o(),p=(0,D.useRef)(null),m=c({mutationFn:async e=>{let t=S.keyName(b(e,z),new Date().toISOString().replace(`T`,` `).slice(0,19));return a(i.POST(`/api/v1/api-keys`,{body:{name:t,scope:`ingest`,workspaces:[e]}}))},onSuccess:({key:e},t)=>{n({workspace:t,key:e}),f.invalidateQueries({queryKey:[`keys`]})}}),h=t!==null&&t.workspace===e;return(0,D.useEffect)(()=>{h&&p.current?.focus()},[h]),r?h?(0,w.jsxs)(`div`,{className:R.made,children:[(0,w.jsx)(`p`,{ref:p,tabIndex:-1,children:S.keyMade(t.workspace)}),(0,w.jsxs)(`p`,{className:R.key,children:[(0,w.jsx)(`code`,{children:t.key}),` `,(0,w.jsx)(l,{text:t.key,what:S.keyTitle})]})]}):(0,w.jsxs)(`div`,{className:R.make,children:[(0,w.jsx)(u,{busy:m.isPending,disabled:e===null||s!==void 0,title:s,onClick:()=>{e!==null&&m.mutate(e)},children:S.makeKey}),e===null?null:(0,w.jsxs)(`p`,{className:R.hint,children:[S.keyHint(e),` `,t===null?null:S.keyOther(t.workspace)]}),m.isError?(0,w.jsx)(d,{what:S.keyFailed,error:m.error}):null]}):(0,w.jsx)(`p`,{className:R.hint,children:S.keyByAdmin})}var V={guide:`_guide_186zv_1`,way:`_way_186zv_2`,intro:`_intro_186zv_8`,name:`_name_186zv_13`,values:`_values_186zv_17`},H=({server:e,workspace:t,key:n})=>`\
export DRIFTSENTRY_API_KEY=${n??`dsk_…`}
terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |
  driftsentry push --server ${e} --workspace ${t} -`,U=({server:e,workspace:t,key:n})=>`\
export DRIFTSENTRY_API_KEY=${n??`dsk_…`}
terraform plan -refresh-only -out=tfplan && terraform show -json tfplan |
  curl --fail-with-body --silent --show-error "${e}/api/v1/scans?workspace=${t}" \\
    --header "X-API-Key: $DRIFTSENTRY_API_KEY" --header "Content-Type: application/json" --data-binary @-`,W=e=>`\
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
`,G=e=>`\
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
`,K=`shop/prod`;function q({workspace:e}){let[t,n]=(0,D.useState)(K),[r,i]=(0,D.useState)(null),a=e??t.trim(),o=j(a),c=o?a:K,l=location.origin,u=r?.workspace===c?r.key:null;return(0,w.jsxs)(`div`,{className:V.guide,children:[(0,w.jsx)(`p`,{className:V.intro,children:S.intro}),e===void 0?(0,w.jsx)(`div`,{className:V.name,children:(0,w.jsx)(s,{label:S.workspace,hint:S.workspaceHint,error:o?null:S.wrongName,children:(0,w.jsx)(`input`,{value:t,onChange:e=>n(e.target.value),autoCapitalize:`none`,autoComplete:`off`,spellCheck:!1})})}):null,(0,w.jsx)(B,{workspace:o?c:null,made:r,onMade:i}),(0,w.jsx)(k,{label:S.ways,tabs:[{title:S.shell,content:(0,w.jsx)(x,{code:H({server:l,workspace:c,key:u}),what:S.commands(S.shell)})},{title:S.gitHub,content:(0,w.jsx)(J,{note:S.gitHubNote,server:l,keyIs:S.secret,apiKey:u,children:(0,w.jsx)(x,{code:W(c),what:S.commands(S.gitHub)})})},{title:S.gitLab,content:(0,w.jsx)(J,{note:S.gitLabNote,server:l,keyIs:S.masked,apiKey:u,children:(0,w.jsx)(x,{code:G(c),what:S.commands(S.gitLab)})})},{title:S.curl,content:(0,w.jsxs)(`div`,{className:V.way,children:[(0,w.jsx)(`p`,{children:S.curlNote}),(0,w.jsx)(x,{code:U({server:l,workspace:c,key:u}),what:S.commands(S.curl)})]})}]})]})}function J({note:e,server:t,keyIs:n,apiKey:r,children:i}){return(0,w.jsxs)(`div`,{className:V.way,children:[(0,w.jsx)(`p`,{children:e}),(0,w.jsxs)(`dl`,{className:V.values,children:[(0,w.jsx)(Y,{name:`DRIFTSENTRY_API_KEY`,kind:n,copy:r,children:(0,w.jsx)(`code`,{children:r??`dsk_…`})}),(0,w.jsx)(Y,{name:`DRIFTSENTRY_SERVER`,kind:S.variable,copy:t,children:(0,w.jsx)(`code`,{children:t})}),(0,w.jsx)(Y,{name:`DRIFTSENTRY_BINARY_URL`,kind:S.variable,copy:null,children:S.binaryUrl}),(0,w.jsx)(Y,{name:`DRIFTSENTRY_BINARY_SHA256`,kind:S.variable,copy:null,children:S.binarySum})]}),i]})}function Y(e){return(0,w.jsxs)(`div`,{children:[(0,w.jsxs)(`dt`,{children:[(0,w.jsx)(`code`,{children:e.name}),` `,(0,w.jsx)(`small`,{children:e.kind})]}),(0,w.jsxs)(`dd`,{children:[(0,w.jsx)(`span`,{children:e.children}),e.copy===null?null:(0,w.jsx)(l,{text:e.copy,what:e.name})]})]})}var X={health:`_health_1rtsv_1`},Z={never:`neutral`,failed:`bad`,silent:`caution`,drifted:`neutral`,partial:`caution`,clean:`good`};function Q({workspace:e}){let t=m(e),{lastScan:n,createdAt:r}=e;return(0,w.jsx)(`span`,{className:X.health,title:p.healthMeanings[t],children:(0,w.jsx)(y,{tone:Z[t],children:t===`silent`?n?(0,w.jsxs)(`span`,{children:[p.lastScanAt,` `,(0,w.jsx)(_,{at:n.at})]}):(0,w.jsxs)(`span`,{children:[p.neverSeen,` `,(0,w.jsx)(_,{at:r})]}):p.healths[t]})})}export{I as a,T as c,j as i,S as l,q as n,F as o,N as r,L as s,Q as t};