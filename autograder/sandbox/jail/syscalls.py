"""The system calls that Python, NumPy and threads need, and nothing beyond, per architecture.

The list is an allow-list: every call that is missing here is refused. Numbers are those of the
kernel's own headers; x86-64 is proven by the tests of this folder, aarch64 only by unit tests.
"""

from __future__ import annotations

# name:x86-64:aarch64, a hyphen where the architecture has no such call
_TABLE = """
read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69
pwritev:296:70 preadv2:327:286 pwritev2:328:287 close:3:57 close_range:436:436 fstat:5:80
newfstatat:262:79 stat:4:- lstat:6:- statx:332:291 statfs:137:43 fstatfs:138:44 lseek:8:62
mmap:9:222 munmap:11:215 mprotect:10:226 mremap:25:216 madvise:28:233 brk:12:214 msync:26:227
mincore:27:232 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136
rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132 pause:34:- ioctl:16:29
access:21:- faccessat:269:48 faccessat2:439:439 open:2:- openat:257:56 creat:85:- mkdir:83:-
mkdirat:258:34 rmdir:84:- unlink:87:- unlinkat:263:35 rename:82:- renameat:264:38
renameat2:316:276 truncate:76:45 ftruncate:77:46 fallocate:285:47 fadvise64:221:223
sync_file_range:277:84 fsync:74:82 fdatasync:75:83 chmod:90:- fchmod:91:52 fchmodat:268:53
utime:132:- utimes:235:- utimensat:280:88 futimesat:261:- readlink:89:- readlinkat:267:78
getcwd:79:17 chdir:80:49 fchdir:81:50 getdents:78:- getdents64:217:61 dup:32:23 dup2:33:-
dup3:292:24 fcntl:72:25 flock:73:32 pipe:22:- pipe2:293:59 eventfd:284:- eventfd2:290:19 poll:7:-
ppoll:271:73 select:23:- pselect6:270:72 epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21
epoll_wait:232:- epoll_pwait:281:22 sendfile:40:71 copy_file_range:326:285 nanosleep:35:101
clock_nanosleep:230:115 clock_gettime:228:113 clock_getres:229:114 gettimeofday:96:169 time:201:-
times:100:153 getrusage:98:165 getrlimit:97:163 setrlimit:160:164 prlimit64:302:261 sysinfo:99:179
uname:63:160 getpid:39:172 getppid:110:173 gettid:186:178 getuid:102:174 geteuid:107:175
getgid:104:176 getegid:108:177 getgroups:115:158 getresuid:118:148 getresgid:120:150 getpgrp:111:-
getpgid:121:155 getsid:124:156 sched_yield:24:124 sched_getaffinity:204:123 sched_getparam:143:121
sched_getscheduler:145:120 sched_get_priority_max:146:125 sched_get_priority_min:147:126
getpriority:140:141 getcpu:309:168 futex:202:98 set_robust_list:273:99 get_robust_list:274:100
rseq:334:293 set_tid_address:218:96 membarrier:324:283 getrandom:318:278 arch_prctl:158:-
clone:56:220 exit:60:93 exit_group:231:94 kill:62:129 tgkill:234:131 tkill:200:130
restart_syscall:219:128 umask:95:166 alarm:37:- getitimer:36:102 setitimer:38:103 prctl:157:167
capget:125:90
"""

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # audit number, column


def numbers(machine: str) -> dict[str, int]:
    """The allowed calls of an architecture, by name."""
    column = ARCHITECTURES[machine][1]
    rows = (entry.split(":") for entry in _TABLE.split())
    return {name: int(row[column]) for name, *row in rows if row[column] != "-"}
