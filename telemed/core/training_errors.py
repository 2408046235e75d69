"""The errors of training: enrolling, checking in, quiz, feedback; part of `errors`' table."""

from typing import Final

from telemed.core.error_row import ErrorRow

TRAINING_ROWS: Final = (
    ErrorRow(
        "no-place",
        "名额已满，候补名单也已满或不设候补。",
        "All places are taken, and there is no room to wait.",
    ),
    ErrorRow(
        "not-enrolled",
        "您还没有报名该场次，且该场次不接受现场报名。",
        "You are not enrolled, and this lecture takes nobody on the spot.",
    ),
    ErrorRow(
        "enrolment-over",
        "该场次现在不接受报名（{state}）。",
        "This lecture takes no enrolment now ({state}).",
    ),
    ErrorRow(
        "lecture-over",
        "该场次现在不能签到（{state}）。",
        "Nobody can check in to this lecture now ({state}).",
    ),
    ErrorRow(
        "check-in-closed",
        "签到时间为 {opens} 至 {closes}。",
        "Checking in is possible from {opens} to {closes}.",
    ),
    ErrorRow(
        "check-in-early",
        "{opens} 起可签到。",
        "Checking in is possible from {opens} on.",
    ),
    ErrorRow(
        "own-check-in",
        "不能为自己补签，请用签到码签到。",
        "Nobody checks themselves in by hand; enter the code.",
    ),
    ErrorRow(
        "own-code",
        "可查看签到码的本院人员参加学习，须在签到码显示前报名，并在现场读取签到码；"
        "此后报名的，请授课人员代为签到。",
        "Who may show the code enrols before it is shown, and reads it where everybody does; who"
        " enrols later is checked in by hand.",
    ),
    ErrorRow(
        "code-to-come",
        "签到码自 {since} 起显示。",
        "The code is shown from {since} on.",
    ),
    ErrorRow(
        "no-place-held",
        "该学员没有占用名额，不能签到。",
        "This learner has no place and cannot be checked in.",
    ),
    ErrorRow(
        "wrong-code",
        "签到码不正确，还可再试 {left} 次。签到码会更换，请看屏幕上最新的六位数字。",
        "Wrong code, {left} tries are left. The code changes: look at the latest six digits on"
        " the screen.",
    ),
    ErrorRow(
        "own-course",
        "您是该课程的授课或制作人员，不能作为学员参加。",
        "You give or made this course and cannot take part in it as a learner.",
    ),
    ErrorRow(
        "not-attended",
        "请先参加该课程的学习。",
        "Take part in this course first.",
    ),
    ErrorRow(
        "feedback-given",
        "您已评价过该场次，每人每场只能评价一次。",
        "You have given your feedback on this lecture; it is given once.",
    ),
    ErrorRow(
        "no-sittings",
        "您已通过测验，或 {most} 次作答机会已用完。",
        "You have passed the quiz, or sat it {most} times, and there is no more.",
    ),
    ErrorRow(
        "quiz-unsound",
        "第 {number} 题不完整：请检查题干、选项和正确答案。",
        "Question {number} is not whole: look at its text, options and answers.",
    ),
    ErrorRow(
        "answers-kept",
        "正确答案只对课程制作、授课人员和审核期间的审核人开放。",
        "The answers are open to the course's author and lecturers, and to its reviewer during the"
        " review.",
    ),
    ErrorRow(
        "course-reviewed",
        "课程已送审或已审核，内容不能再改；需要修改时请审核人退回。",
        "The course was sent for review or reviewed and cannot be changed; ask the reviewer to"
        " return it.",
    ),
    ErrorRow(
        "course-incomplete",
        "课程还不能提交：缺少{missing}。",
        "The course cannot be sent yet: {missing} is missing.",
    ),
    ErrorRow(
        "quota-below",
        "已有 {taken} 人占用名额，名额不能少于此数。",
        "{taken} have a place already; there cannot be fewer.",
    ),
    ErrorRow(
        "own-review",
        "提交申请的人不能审核自己的课程，请由本机构另一位审核人审核。",
        "Whoever applied cannot review the course; ask another reviewer of your institution.",
    ),
    ErrorRow(
        "lectures-open",
        "还有 {count} 个场次没有结束或取消，不能归档。",
        "{count} lectures are neither finished nor canceled.",
    ),
)
