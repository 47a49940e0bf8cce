import { expect, it } from 'vitest';
import { decoded, fragment } from './fragment';

it.each(['/tags/Owner', '/tags/a~1b c%', '/größe/👩', '/x#y?z'])('%s comes back as it was', (place) => {
  expect(decoded(fragment(place).slice(1))).toBe(place);
});

it('what is no encoding stays as it is', () => {
  expect(decoded('/a%')).toBe('/a%');
  expect(fragment('/lone\ud83d')).toBe('#/lone%EF%BF%BD');
});
