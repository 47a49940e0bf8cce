import { expect, it } from 'vitest';
import { agentName } from './agent';

it('names browsers and their systems', () => {
  const of = (system: string, rest: string) => agentName(`Mozilla/5.0 (${system}) ${rest}`);
  expect(of('X11; Linux x86_64; rv:145.0', 'Gecko/20100101 Firefox/145.0')).toBe('Firefox, Linux');
  expect(of('Windows NT 10.0; Win64; x64', 'AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0')).toBe(
    'Edge, Windows',
  );
  expect(of('Linux; Android 15', 'AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36')).toBe('Chrome, Android');
  expect(of('Macintosh; Intel Mac OS X 10_15_7', 'AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15')).toBe(
    'Safari, macOS',
  );
  expect(of('iPhone; CPU iPhone OS 26_0 like Mac OS X', 'AppleWebKit/605.1.15 Version/26.0 Safari/604.1')).toBe(
    'Safari, iOS',
  );
});

it('names programs by themselves', () => {
  expect(agentName('curl/7.88.1')).toBe('curl');
  expect(agentName('driftsentry/0.1.0')).toBe('driftsentry');
});
