const whole = new Intl.NumberFormat('en-US');
const percent = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });

/** `1,204`. */
export const count = (value: number): string => whole.format(value);

/** `12.5%`, of a share from 0 to 100 as the API gives it. */
export const share = (value: number): string => percent.format(value / 100);

const currencies = new Map<string, Intl.NumberFormat>();

/** `$1,204.50`; unknown is "not priced", which is not the same as free. */
export function money(amount: number | null, currency: string, unknown = 'not priced'): string {
  if (amount === null) return unknown;
  let format = currencies.get(currency);
  if (format === undefined) {
    format = new Intl.NumberFormat('en-US', { style: 'currency', currency });
    currencies.set(currency, format);
  }
  return format.format(amount);
}

/** `1 drift`, `1,204 drifts`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
