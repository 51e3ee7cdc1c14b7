import { describe, expect, it } from 'vitest';
import { enrolFrom, loginFrom, nextAfterLogin } from './next';

describe('where a login leads', () => {
  it.each(['/projects/shop', '/projects/shop/firewall?x=1#block', '/instance/users', '/projects/a%2Fb', '/account'])('%s is kept', (path) => {
    expect(nextAfterLogin(path)).toBe(path);
  });

  it.each([
    null, '', 'projects', 'https://example.com/', '//example.com', '///example.com', '/\\example.com', '\\\\example.com', '/..//example.com', '/.//example.com',
    '/%2e%2e//example.com', '/a/../..//example.com', '/\t/example.com', '/\n/example.com', '\t//example.com', ' //example.com', '/\t\\example.com', 'javascript:alert(1)',
    '//user@example.com', '/login', '/login?next=/login', '/setup#token=x', '/activate', '/enrol?next=/enrol', '/revoke#token=x',
  ])('%j is not followed', (next) => {
    expect(nextAfterLogin(next)).toBe('/projects');
  });

  it.each(['/%2f%2fexample.com', '/%5cexample.com', '/%09/example.com', '/loginpage', '/x//example.com'])('%j stays a path of this origin', (next) => {
    const result = nextAfterLogin(next);
    expect(new URL(result, 'https://temps.localhost').origin).toBe('https://temps.localhost');
    expect(result).toBe(next);
  });
});

it('leads back to where the login was needed', () => {
  expect(loginFrom(new URL('https://temps.localhost/projects/shop?a=b#c'))).toBe('/login?next=%2Fprojects%2Fshop%3Fa%3Db%23c');
  expect(loginFrom(new URL('https://temps.localhost/projects'))).toBe('/login');
  expect(enrolFrom(new URL('https://temps.localhost/account'))).toBe('/enrol?next=%2Faccount');
});
