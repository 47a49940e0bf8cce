/** Cuts a text that is too long in its middle: both the module and the resource's own name stay in sight. */
export function middle(text: string, longest: number): string {
  const letters = [...text];
  if (letters.length <= longest) return text;
  const tail = Math.ceil((longest - 1) * 0.6);
  return `${letters.slice(0, longest - 1 - tail).join('')}…${letters.slice(-tail).join('')}`;
}
