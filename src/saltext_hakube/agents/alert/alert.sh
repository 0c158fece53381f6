#!/bin/sh
# hakube's alert agent: Pacemaker calls it, as hacluster, for each thing that happened, and it leaves
# one file of JSON in the spool's folder for the others. hakube's; edits here are lost.
#
# POSIX sh, and no other program but mv (and tr, where a text has something odd in it): at a failover
# there are many of these at once, just when the machine has better things to do. 3 ms, where Python
# takes 20.
LC_ALL=C
export LC_ALL
set -u
umask 027

spool=${CRM_alert_recipient:-/run/hakube/alerts}
cd "$spool" 2>/dev/null || exit 0 # nobody has made it: nobody reads

# Nobody reads: what has happened since is in Pacemaker's own status, too.
most=200
set -- *.json .*.new
[ $# -le $most ] || exit 0

# A text as it may stand between quotes: no quotes, backslashes, control characters, and not endless.
plain() {
    case $1 in
    *["\"\\"]* | *[[:cntrl:]]*) text=$(printf '%s' "$1" | tr '\000-\037\177"\\' " ") ;;
    *) text=$1 ;;
    esac
    [ ${#text} -le 1000 ] || text=$(printf '%.1000s' "$text")
}

field() {
    plain "$2"
    line="$line, \"$1\": \"$text\""
}

# Milliseconds are enough for what people read, where Pacemaker tells them.
seconds=${CRM_alert_timestamp_epoch:-}
case $seconds in
'' | *[!0-9]*) seconds=$(date +%s) ;;
esac
parts=${CRM_alert_timestamp_usec:-0}
case $parts in
'' | *[!0-9]*) parts=0 ;;
esac
while [ ${#parts} -lt 6 ]; do parts=0$parts; done

line="{\"at\": $seconds.$parts"
field kind "${CRM_alert_kind:-}"
field node "${CRM_alert_node:-}"
field resource "${CRM_alert_rsc:-}"
field task "${CRM_alert_task:-}"
field rc "${CRM_alert_rc:-}"
field target_rc "${CRM_alert_target_rc:-}"
field desc "${CRM_alert_desc:-}"

# Nanoseconds since the machine started, so that the names sort by time.
read -r up _ </proc/uptime
name=${up%.*}${up#*.}0000000-$$
printf '%s}\n' "$line" >".$name.new" && mv ".$name.new" "$name.json"
