/** Words of uploads. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('uploads', {
  title: ['上传', 'Uploads'],
  drop: ['把检查文件夹、文件或 ZIP 拖到这里', 'Drop the study folder, files or a ZIP here'],
  letGo: ['松开即可上传', 'Let go to upload'],
  dropHint: [
    '可一次放入几百个文件；上传时可以继续做别的事，断线会自动续传。',
    'Hundreds of files at once are fine; go on working meanwhile, a broken line resumes by itself.',
  ],
  pickFolder: ['选择文件夹', 'Choose folder'],
  pickFiles: ['选择文件', 'Choose files'],
  progress: [
    '{{finished}}/{{files}} 个文件 · {{sent}} / {{bytes}}',
    '{{finished}}/{{files}} files · {{sent}} / {{bytes}}',
  ],
  left: ['约还需 {{span}}', 'about {{span}} left'],
  pause: ['暂停', 'Pause'],
  resume: ['继续', 'Resume'],
  retry: ['重试', 'Retry'],
  dismiss: ['从列表移除', 'Dismiss'],
  details: ['逐个文件', 'File by file'],
  onlyFaults: ['只看需处理的', 'Only those that need attention'],
  lost: [
    '有 {{n}} 个文件在刷新页面时没有传完。请再次选择同一个文件夹，会从断点继续，已传的不会重复。',
    '{{n}} files were not finished when the page was reloaded. Choose the same folder again: it goes on from where it stopped, nothing is sent twice.',
  ],
  lostNames: ['例如：{{names}}', 'For example: {{names}}'],
  waitingLine: ['网络中断，恢复后自动续传。', 'The line is down; it resumes by itself.'],
  queued: ['排队', 'queued'],
  sending: ['{{percent}}%', '{{percent}}%'],
  checking: ['校验中', 'checking'],
  waiting: ['等待网络', 'waiting for the line'],
  lostFile: ['待重新选择', 'choose again'],
  stored: ['已保存', 'stored'],
  duplicate: ['已存在，无需重传', 'already there'],
  conflict: ['冲突，已隔离', 'conflict, set aside'],
  refused: ['未接收', 'refused'],
  skipped: ['非影像，已跳过', 'not an image, skipped'],
  expanded: ['已解压', 'unpacked'],
  emptyTitle: ['没有正在进行的上传', 'No uploads'],
  emptyTeach: [
    '拖入检查文件夹即可开始。上传完成的检查出现在“影像资料”里。',
    'Drop a study folder to begin. Finished studies appear under Studies.',
  ],
  forRequest: ['所属申请', 'Its request'],
  paused: ['已暂停', 'paused'],
})
