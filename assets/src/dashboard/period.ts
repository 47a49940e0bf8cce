/** How far back the figures can look, in days. */
export const PERIODS = ['7', '30', '90'] as const;
export type Period = (typeof PERIODS)[number];
export const DEFAULT: Period = '30';

/** The period that the address asks for; the usual one, where it asks for none of those. */
export const periodOf = (text: string | undefined): Period => PERIODS.find((days) => days === text) ?? DEFAULT;
