import { describe, expect, it } from 'vitest';
import { PASSWORDS, PROJECTS, rangeProblem, SECOND_FACTOR, SESSIONS } from './part';

const settings = {
  users_may_create_projects: true,
  sessions: { administrator_idle_minutes: 30, idle_minutes: 240, absolute_hours: 12, remember_days: 14 },
  second_factor: { everyone: false, administrators: true, roles: ['viewer', 'owner'] },
  passwords: { min_characters: 12 },
};

describe('a part of the settings', () => {
  it('writes what it read', () => {
    expect(PROJECTS.write(PROJECTS.read(settings))).toEqual({ users_may_create_projects: true });
    expect(SESSIONS.write(SESSIONS.read(settings))).toEqual({ sessions: settings.sessions });
    expect(PASSWORDS.write(PASSWORDS.read(settings))).toEqual({ passwords: settings.passwords });
    expect(SECOND_FACTOR.write(SECOND_FACTOR.read(settings))).toEqual({ second_factor: { ...settings.second_factor, roles: ['owner', 'viewer'] } });
  });

  it('names each field that is out of range as the server does', () => {
    const wrong = Object.entries(SESSIONS.check?.({ ...SESSIONS.read(settings), idle_minutes: '4', absolute_hours: '169' }) ?? {}).filter(([, problem]) => problem);
    expect(wrong).toEqual([['sessions.idle_minutes', 'A whole number from 5 to 1,440.'], ['sessions.absolute_hours', 'A whole number from 1 to 168.']]);
  });
});

describe('a number within a range', () => {
  it.each(['5', ' 5 ', '30', '1440'])('%j is', (text) => expect(rangeProblem(text, 5, 1440)).toBeUndefined());
  it.each(['', '4', '1441', '5.5', '-5', 'x', '1e2', '99999999'])('%j is not', (text) => expect(rangeProblem(text, 5, 1440)).toContain('5 to 1,440'));
});
