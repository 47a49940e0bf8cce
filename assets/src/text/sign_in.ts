export const signInText = {
  title: 'Sign in',
  email: 'Email',
  password: 'Password',
  submit: 'Sign in',
  refused: 'The email or the password is wrong.',
  failed: 'Signing in did not work',
  lapsedTitle: 'Sign in again',
  lapsed: 'Your session has ended. What you have entered is still here.',
  signedInAs: (email: string) => `Signed in as ${email}.`,
  other: 'Sign in as somebody else',
  intro: 'What changed outside your infrastructure code, and who decided what about it.',
};

export const passwordText = {
  forcedTitle: 'Choose your password',
  forced: 'You signed in with a password that was given to you. Choose one of your own to go on.',
  current: 'Current password',
  new: 'New password',
  again: 'New password again',
  hint: '12 to 128 characters. Several words make a good one.',
  differs: 'The two are not the same.',
  submit: 'Change password',
  changed: 'Your password is changed. All your other sessions have ended.',
  failed: 'The password was not changed',
};
