# SPDX-License-Identifier: Apache-2.0
"""What is compared: a scenario of scenarios.py and the words after `snap`, one a line."""

PLAIN = [line for line in r"""
all-errors changes
all-errors info hello
all-errors list
all-errors version
beta info hello
beta install --dangerous ./hello.snap
beta install hello --edge
beta refresh hello
beta revert hello
busy refresh hello
cancelled remove hello
conflict install --dangerous ./hello.snap
connected connect
connected connect :network
connected connect hello
connected connect hello: other
connected connect hello:network
connected connect hello:network --no-wait
connected connect hello:network :network
connected connect hello:network core
connected connect hello:network other:things x
connected connect hello:network other:
connected connect a:b:c
connected connections
connected connections --all
connected connections core
connected connections hello
connected connections hello --all
connected connections hello x
connected disconnect
connected disconnect :network
connected disconnect hello
connected disconnect hello:network
connected disconnect hello:network --forget
connected disconnect hello:network core
connected disconnect hello:network other:things
connected disconnect hello:network other:things --no-wait
connected disconnect a:b c:d e:f
denied connect hello:network
no-plug connect hello:x
no-plug connections x
no-plug disconnect hello:x
unchanged disconnect hello:network
unconnected connections
unconnected connections --all
unconnected connections hello
interfaces interface
interfaces interface --all
interfaces interface content
interfaces interface content --attrs
interfaces interface home
interfaces interface home --attrs
interfaces interface network
interfaces interface network --attrs
interfaces interface nameless
interfaces interface --all nameless
interfaces interface unknown
interfaces interface home content
interfaces interface --attrs
interfaces interface ""
interfaces interfaces
interfaces interfaces hello
interfaces interfaces other
interfaces interfaces core
interfaces interfaces snapd
interfaces interfaces system
interfaces interfaces :network
interfaces interfaces :other
interfaces interfaces core:network
interfaces interfaces hello:network
interfaces interfaces hello:away
interfaces interfaces hello:nothing
interfaces interfaces nobody
interfaces interfaces other:things
interfaces interfaces other:extra
interfaces interfaces -i=network
interfaces interfaces -i network
interfaces interfaces -i content
interfaces interfaces -i content hello
interfaces interfaces -i home other
interfaces interfaces -i nothing
interfaces interfaces a b
interfaces interfaces a:b:c
no-interfaces interface
no-interfaces interface --all
no-interfaces interface home
no-interfaces interfaces
no-interfaces interfaces hello
no-plug interfaces x
all-errors interface
all-errors interface home
all-errors interfaces
conflict install hello
conflict remove hello
denied changes
denied install ./hello.snap --dangerous
denied remove hello
devmode install --dangerous ./hello.snap
disk install ./hello.snap --dangerous
dropped-poll remove hello
empty changes
empty list
empty list x
empty-error remove hello
failed install --dangerous ./hello.snap
failed remove hello
forbidden remove hello
gone remove hello
held remove hello
installed install hello
jailmode install --dangerous --jailmode ./hello.snap
local refresh hello
many install ./hello.snap ./hello.snap
many install hello core22
many refresh
many refresh hello core22
many remove hello core22
many-none install hello core22
many-none refresh
many-none refresh hello core22
mismatch info --unicode=always hello
mismatch install --dangerous ./hello.snap
mismatch revert hello
needs-classic install ./hello.snap --dangerous
needs-classic install hello
needs-classic-system install hello
needs-devmode install ./hello.snap
needs-devmode install hello
network install hello
no-change changes
no-change info hello
no-change list
no-change remove hello
no-change tasks 5
no-change version
no-data install --dangerous ./hello.snap
no-data refresh
no-revision install hello
no-revision refresh hello --revision=44
no-revision revert hello --revision=44
no-update refresh hello
normal --version
normal abort
normal abort --last=nope?
normal abort --last=refresh
normal abort 5
normal abort 8
normal abort 9999
normal change 7
normal changes
normal changes --abs-time
normal changes 12
normal changes 5
normal changes a b
normal changes hello
normal changes nope
normal disable hello
normal enable
normal enable --no-wait hello
normal enable hello
normal enable hello core22
normal foo
normal info
normal info --verbose hello
normal info core22
normal info hello
normal info hello nope
normal info nope
normal install
normal install ""
normal install --channel=a/b/c/d hello
normal install --channel=beta ./hello.snap
normal install --channel=latest/edge hello
normal install --dangerous --devmode --name=foo_bar hello.snap
normal install --dangerous hello
normal install --devmode --jailmode ./hello.snap
normal install --devmode hello core22
normal install --edge --beta hello
normal install --name=x hello
normal install --name=x_y hello.snap hello.snap
normal try .
normal try --devmode /nowhere
normal try --no-wait tree/../tree/
normal try --devmode --jailmode tree
normal try
normal try a b
denied try tree
conflict try tree
not-a-snap try tree
normal install --no-wait --dangerous ./hello.snap
normal install --revision
normal install --revision=3 --channel=beta hello
normal install --revision=abc hello
normal install --transaction=foo hello
normal install --unaliased hello core22
normal install ./hello.snap
normal install ./hello.snap --dangerous
normal install ./nofile.snap
normal install Hello_x
normal install hello
normal install hello core22
normal list
normal list --all
normal list --all hello
normal list --bad
normal list --color=always --unicode=always hello core22 jailed
normal list --color=maybe
normal list --unicode=always
normal list -x
normal list hello core22
normal list hello nonexist
normal list nonexist
normal refresh
normal refresh --amend hello
normal refresh --devmode
normal refresh --devmode hello core22
normal refresh --no-wait
normal refresh --revision=3
normal refresh --revision=3 hello core22
normal refresh --revision=abc hello
normal refresh --time
normal refresh --time hello
normal refresh hello
normal refresh hello core22
normal remove
normal remove --no-wait hello
normal remove --purge hello
normal remove --revision=3 hello
normal remove --revision=3 hello core22
normal remove --revision=abc hello
normal remove hello
normal remove hello core22
normal remove hello_
normal revert
normal revert --devmode --classic hello
normal revert --devmode --jailmode hello
normal revert --revision=3 hello
normal revert --revision=abc hello
normal revert hello
normal revert hello core22
normal tasks
normal tasks --abs-time 7
normal tasks --last=foo
normal tasks --last=foo?
normal tasks --last=install
normal tasks --last=install 7
normal tasks 5 6
normal tasks 7
normal tasks 8
normal tasks 9999
normal version
normal version extra
normal watch
normal watch --last=install
normal watch --last=nope
normal watch 5
normal watch 7
not-classic install hello --classic
not-found install hello
not-found install hello --edge
not-found install hello core22
not-found refresh hello
not-installed enable hello
not-installed refresh hello
not-installed remove hello
not-installed remove hello core22
not-installed revert hello
plain-error remove hello
stable info hello
stable install --dangerous ./hello.snap
stable refresh hello
tracked info --verbose --abs-time hello
tracked install --dangerous ./hello.snap
tracked refresh hello
tracked refresh hello --edge
undone remove hello
unsigned install ./hello.snap
warned list hello
warned version
TZ=America/New_York normal changes
TZ=America/New_York normal changes --abs-time
TZ=Asia/Kolkata normal changes --abs-time
TZ=Asia/Tokyo normal tasks 6
boundary changes
boundary changes --abs-time
boundary list
boundary info hello
boundary refresh --time
boundary refresh --time --abs-time
sizes info a
sizes info b
sizes info c
sizes info d
sizes info e
installed install ./hello.snap
not-installed remove --revision=3 hello
no-revision install --revision=4 hello
no-revision remove --revision=4 hello
busy remove hello
conflict refresh
not-found remove hello
local install ./hello.snap
unsigned install --devmode ./hello.snap
disk refresh hello
normal install --classic --dangerous --unaliased ./hello.snap
normal install --channel=beta --dangerous ./hello.snap
normal install --edge ./hello.snap --dangerous
normal install --transaction=all-snaps hello core22
normal install --transaction=all-snaps --dangerous ./hello.snap
normal install --dang ./hello.snap
normal install -- ./hello.snap
normal install --color=never ./hello.snap
normal list -- hello
normal list --all=yes
normal tasks --last
normal refresh --classic hello
normal refresh --jailmode --devmode hello
normal refresh --edge --stable hello
normal refresh --leave-cohort hello
normal refresh --cohort=abc hello
normal install --cohort=abc hello
normal --version
normal watch 6
normal watch 10
normal watch 9999
normal abort 8
normal abort ../changes/8
normal abort ""
normal enable ""
normal enable ./x
normal info ""
normal info "" ""
normal info ../../v2
normal info "a?b#c%d"
normal list ""
normal list "" hello
normal list ./x
normal refresh ""
normal refresh "" hello
normal refresh ./x.snap
normal refresh /a/../b
normal refresh a//b
normal remove ""
normal remove "" hello
many remove core22 hello
many remove core22 nope hello
normal remove .
normal remove ..
normal remove ../../..
normal remove ./x.snap
normal remove "a b"
normal remove "a!'()*$&+,:;=@[]é"
normal remove hello/
normal remove x/../hello
normal revert ""
normal revert ./x.snap
normal revert a/../hello
normal tasks ""
normal tasks a/b
normal tasks ../changes/7
normal watch ../x
normal okay
normal okay --bad
normal okay extra
normal warnings
normal warnings --all
normal warnings extra
all-errors warnings
warned warnings
warned warnings --all
warned warnings --verbose
warned warnings --verbose --abs-time --unicode=always
warned okay
odd info hello
odd warnings --verbose
normal info ./full.snap
normal info --verbose ./full.snap
normal info --abs-time full.snap
normal info ./full.snap hello
normal info hello ./full.snap
normal info ./hello.snap
normal info ./hello.snap ./nofile.snap
normal info --verbose hello ./hello.snap
normal info ./nofile.snap
normal info ./tiny.snap
normal info --verbose ./tiny.snap
normal info ./base.snap
normal info --verbose ./base.snap
normal info ./core.snap
normal info ./classic.snap
normal info ./long.snap
normal info ././long.snap
normal info "./with blank.snap"
normal info ./quoted.snap
normal info ./link.snap
TZ=Asia/Tokyo normal info ./full.snap
TZ=Asia/Tokyo normal info --abs-time ./full.snap
""".splitlines() if line]

# What was seen before (or NULL: nothing), and then a scenario and words: ~/.snap/warnings.json counts.
SEEN = [line for line in r"""
NULL warned version
NULL warned okay
NULL warned warnings
{} warned version
{} warned okay
{"timestamp":"2024-03-01T09:59:59Z"} warned version
{"timestamp":"2024-03-01T10:00:00Z"} warned version
{"timestamp":"2024-03-01T10:00:00.5Z"} warned version
{"timestamp":"2024-03-01T10:59:59+01:00"} warned version
{"timestamp":"2024-03-01T11:00:00+01:00"} warned changes
{"timestamp":"2024-03-01T10:00:00Z"} warned okay
{"timestamp":"2024-03-01T10:00:00Z"} warned warnings
{"timestamp":"2024-03-01T10:00:00Z"} normal warnings
{"timestamp":"2024-03-01T10:00:00Z"} all-errors okay
{bad warned version
{bad warned warnings
""".splitlines() if line]

TERMINAL = [line for line in r"""
normal version
normal list
normal list hello core22 jailed
normal list --color=never
normal list --unicode=never
empty list
normal info core22
normal info devel
normal info classy
normal info ./full.snap
normal info ./long.snap
normal info --verbose ./base.snap
odd info hello
warned warnings --verbose
normal changes
normal tasks 7
normal remove hello
normal install --dangerous ./hello.snap
stable install --dangerous ./hello.snap
beta refresh hello
mismatch install --dangerous ./hello.snap
failed remove hello
conflict remove hello
needs-classic install hello
normal watch 5
""".splitlines() if line]
