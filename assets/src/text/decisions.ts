import { count } from '../format/numbers';

/** What the four decisions mean: DriftSentry itself changes no infrastructure. */
export const decisions = {
  approve: {
    verb: 'Approve',
    done: 'Approved',
    meaning: 'Approve the remediation: the live value is to be reverted to the code.',
  },
  reject: {
    verb: 'Reject',
    done: 'Rejected',
    meaning: "Don't remediate: the live value stays, and the code should follow it.",
  },
  triage: { verb: 'Triage', done: 'Triaged', meaning: 'It has an owner, and is not decided yet.' },
  resolve: { verb: 'Resolve', done: 'Resolved', meaning: 'It is closed. This is final.' },
  noEffect: 'DriftSentry records the decision. It changes no infrastructure.',
} as const;

/** How a drift can end. */
export const endings = {
  'auto-remediate': 'The live value was reverted',
  'manual-fix': 'Somebody fixed it by hand',
  acknowledged: 'It stays as it is, knowingly',
} as const;

export const decisionText = {
  reason: 'Reason',
  reasonHint: (letters: number) => `${count(letters)} of 10 to 1,000 characters. It stands in the audit log.`,
  reasonShort: 'Say why in 10 characters or more.',
  reasonLong: 'Say it in 1,000 characters or fewer.',
  note: 'Note',
  noteHint: 'Optional. It stands in the timeline.',
  noteLong: 'Write 4,000 characters or fewer.',
  assignee: 'Assignee',
  assigneeHint: "Optional. An email address or a team's name.",
  assigneeLong: 'Write 200 characters or fewer.',
  assignToMe: 'Assign to me',
  resolvedHow: 'How did it end?',
  resolvedHowMissing: 'Choose how it ended.',
  failed: (verb: string) => `${verb}: this did not work`,
  byKeyboard: 'Ctrl+Enter decides, Esc cancels.',
};
