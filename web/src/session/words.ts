/** Words of sign-in and of roles. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('session', {
  product: ['远程诊断协作平台', 'Telemed'],
  tagline: [
    '县里检查，上级诊断，一份签名的报告',
    'Examined in the county, read by an expert, signed',
  ],
  username: ['用户名', 'User name'],
  password: ['密码', 'Password'],
  signIn: ['登录', 'Sign in'],
  again: ['登录已过期，请重新登录', 'Your session ended; sign in again'],
  againKept: ['本页内容都还在，登录后继续。', 'This page is kept; you go on after signing in.'],
  switchAccount: ['换个账号', 'Another account'],
  demo: ['演示账号', 'Demo accounts'],
  demoHint: [
    '点一个角色即可登录，人物均为虚构。',
    'Pick a role to sign in. All people are invented.',
  ],
  connecting: ['正在连接服务器…', 'Reaching the server…'],
  needUsername: ['请输入用户名', 'Enter your user name'],
  needPassword: ['请输入密码', 'Enter your password'],
  requester: ['申请医师', 'Requester'],
  technician: ['技师', 'Technician'],
  department_head: ['科主任', 'Head of department'],
  medical_office: ['医务科', 'Medical office'],
  coordinator: ['协调员', 'Coordinator'],
  reader: ['诊断医师', 'Reader'],
  verifier: ['审核医师', 'Verifier'],
  institution_admin: ['机构管理员', 'Institution administrator'],
  regulator: ['监管部门', 'Regulator'],
  system_admin: ['系统管理员', 'System administrator'],
  security_admin: ['安全管理员', 'Security administrator'],
  audit_admin: ['审计管理员', 'Audit administrator'],
})

const ROLES = [
  'requester',
  'technician',
  'department_head',
  'medical_office',
  'coordinator',
  'reader',
  'verifier',
  'institution_admin',
  'regulator',
  'system_admin',
  'security_admin',
  'audit_admin',
] as const

export type RoleKey = (typeof ROLES)[number]

export function isRole(name: string): name is RoleKey {
  return (ROLES as readonly string[]).includes(name)
}
