"""What holds for any variable in any file: an edit changes one flag and nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from saltext_hakube.core import envfile, envflags, words
from saltext_hakube.core.errors import ConfigError
from tests.unit.kubeenv.test_envfile_properties import FILES as ANY_FILES

ARGUMENTS = st.sampled_from(
    ["--master=http://x", "--master", "-master", "http://y", "--v=2", "--a_b=c d", "--logtostderr"]
) | st.sampled_from(
    ["--kubeconfig=/a", "--master=", "--", "-", "", "x'y", 'x"y', "x\\y", "--e=é$", "--m='q'"]
)
# How a person writes one argument into a value, and a value into a file.
WORDS = st.tuples(ARGUMENTS, st.sampled_from(["plain", "double", "single", "after"])).map(
    lambda drawn: write_word(*drawn)
)
VALUES = st.lists(st.tuples(WORDS, st.sampled_from([" ", "  ", "\t", "\n  "])), max_size=6).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)
NAMES = st.sampled_from(["X", "Y"])
NEW = st.sampled_from(["https://192.0.2.100:6443", "/etc/x.conf", "a b", 'a"b', "é\\", "", "$x"])
FLAGS = st.sampled_from(["master", "v", "a-b", "api_servers"])
FAST = settings(max_examples=300, deadline=None)


def write_word(text, how):
    if how == "single" and "'" not in text and "\\" not in text:
        return f"'{text}'"
    if how == "after" and "=" in text:
        flag, _, value = text.partition("=")
        return f'{flag}="{words.escaped(value)}"'
    return f'"{words.escaped(text)}"' if how == "double" else words.quoted(text)


def write_line(name, value, how):
    if how == "single" and "'" not in value:
        return f"{name}='{value}'\n"
    if how == "triple":
        return f'{name}=""{envfile.quoted(value)}""\n'
    if how == "bare" and not set(value) & set("\"'\\\n"):
        return f"{name}={value}\n"
    if how == "continued" and not set(value) & set("\"'\\\n"):
        return f"{name}=" + value.replace(" ", " \\\n ", 1) + "\n"
    if how == "split":
        middle = len(value) // 2
        return f"{name}={envfile.quoted(value[:middle])}{envfile.quoted(value[middle:])}\n"
    return f"{name}={envfile.quoted(value)}\n"


LINES = st.builds(
    write_line, NAMES, VALUES, st.sampled_from(["double", "single", "triple", "bare", "split"])
) | st.sampled_from(["# c\n", "; X=1\n", "\n", "# c \\\n", "Z=1 # z\n"])
FILES = st.lists(LINES, max_size=5).map("".join)


def arguments(text, name="X"):
    value = envfile.get(text, name)
    return None if value is None else [word.text for word in words.split(value)]


def others(text, flag):
    """The arguments that are not this flag's."""
    value = envfile.get(text, "X")
    gone = {n for f in envflags._find(value, flag) for n in range(f.first, f.last + 1)}
    return [text for n, text in enumerate(arguments(text)) if n not in gone]


@FAST
@given(FILES, FLAGS, NEW)
def test_the_program_gets_the_new_value_and_its_other_arguments(text, flag, new):
    before = envfile.get(text, "X")
    after = tried(envflags.with_flag, text, "X", flag, new)
    if after is None:
        return
    assert envflags.get(after, "X", flag) == new
    assert len(envflags._find(envfile.get(after, "X"), flag)) == 1
    if before is not None and envflags.flags(before) and "--" not in arguments(text):
        assert others(after, flag) == others(text, flag)


@FAST
@given(FILES, FLAGS, NEW)
def test_an_edit_made_twice_is_made_once(text, flag, new):
    after = tried(envflags.with_flag, text, "X", flag, new)
    assert after is None or envflags.with_flag(after, "X", flag, new) == after


def tried(edit, *arguments):
    """The edited text; None where it is refused, as after a comment that ends with a backslash."""
    try:
        return edit(*arguments)
    except ConfigError as error:
        assert "remove that backslash" in str(error) or "never closed" in str(error)
        return None


def lines_of_others(text, name):
    return [a[:2] for a in envfile.assignments(text) if a.name != name]


@FAST
@given(FILES, FLAGS, NEW)
def test_other_variables_and_comments_stay(text, flag, new):
    for after in (
        envflags.with_flag(text, "X", flag, new),
        tried(envflags.without_flag, text, "X", flag),
    ):
        if after is not None:
            assert lines_of_others(after, "X") == lines_of_others(text, "X")
            assert comments(after) == comments(text)


def comments(text):
    return [line for line in text.splitlines() if line[:1] in ("#", ";")]


@FAST
@given(FILES, FLAGS)
def test_removing_a_flag_leaves_the_other_arguments(text, flag):
    after = tried(envflags.without_flag, text, "X", flag)
    if after is None:
        return
    if envflags.has(text, "X", flag):
        assert not envflags.has(after, "X", flag)
        assert (arguments(after) or []) == others(text, flag)
    else:
        assert after == text


PLAIN_VALUES = st.lists(
    st.sampled_from(["--v=2", "--a_b='c d'", "--kubeconfig /a", "  ", "\n"]), max_size=4
).map(" ".join)


@FAST
@given(
    FILES,
    PLAIN_VALUES,
    st.sampled_from(["--master={}", "--master {}", "'--master={}'", "--master='{}'"]),
    PLAIN_VALUES,
    st.sampled_from(['X="{}"\n', 'X="""{}"""\n', 'X="{}"', ' X =  "{}"\t\n']),
)
def test_only_the_bytes_of_the_flags_value_change(text, head, flag, tail, line):
    value = f"{head} {flag} {tail}"
    text = text.replace("# c \\\n", "") + line.format(value)
    for old, new in (("http://x", "https://192.0.2.100:6443"), ("", "/etc/x.conf")):
        if old or flag == "--master={}":
            after = envflags.with_flag(text.format(old), "X", "master", new)
            assert after == text.format(new)


@settings(max_examples=150, deadline=None)
@given(ANY_FILES, FLAGS, NEW)
def test_no_file_makes_it_crash(text, flag, new):
    for after in (
        tried(envflags.with_flag, text, "ID", flag, new),
        tried(envflags.without_flag, text, "ID", flag),
    ):
        if after is not None:
            assert lines_of_others(after, "ID") == lines_of_others(text, "ID")
