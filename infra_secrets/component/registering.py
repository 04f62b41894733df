"""What every component of the package is for Pulumi: its type, its registration and its outputs."""

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pulumi

from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.reader import Reader
from infra_secrets.component.settings import NAMESPACE
from infra_secrets.rules.wording import camel


def type_token(component: str) -> str:
    """Spell the type of a component as Pulumi does, e.g. `infra-secrets:index:Secret`."""
    return f"{NAMESPACE}:index:{component}"


class Component(pulumi.ComponentResource):
    """A component of the package, whose class says all that its constructor would repeat.

    Its type is made of the class's name, and its outputs are what the class annotates: the same that Pulumi's schema
    analyzer reads. A user's own subclass stays of that type. There is deliberately no constructor here: Pulumi looks
    for the line of a program by counting them.
    """

    _token: ClassVar[str]
    _outputs: ClassVar[tuple[str, ...]]
    _declared: "pulumi.Output[Any] | None" = None
    """What the state has as `declared` beside the outputs, for tools that read it there. It is no output of the class.

    It is not among the inputs, because the engine writes those first, and drops the outputs where they changed.
    """

    def __init_subclass__(cls, *, read_by: type[Reader] | None = None, **kwargs: Any) -> None:
        """Read the class.

        Args:
            read_by: What reads its arguments; none for a class that is not yet, or no more, a component by itself.
            kwargs: Of other classes that it inherits from.
        """
        super().__init_subclass__(**kwargs)
        if read_by is None:
            return
        cls._token = type_token(cls.__name__)
        cls._outputs = tuple(
            dict.fromkeys(
                name
                for class_ in cls.__mro__[: cls.__mro__.index(Component)]
                for name in inspect.get_annotations(class_)
                if not name.startswith("_")
            )
        )
        # Not by a statement, because a type checker would then refuse every call of the constructor.
        setattr(cls, "__new__", _explaining_two_names(cls.__init__, read_by))  # noqa: B010 (see above)

    @contextmanager
    def _registering(self) -> Iterator[None]:
        """Register the component and its children, and at the end its outputs.

        In here the constructor calls that of `pulumi.ComponentResource`, makes the children, and sets everything that
        the class annotates.
        """
        with one_clear_message(), short_stack_trace():
            yield
            outputs = {camel(name): getattr(self, name) for name in self._outputs}
            beside = {} if self._declared is None else {"declared": self._declared}
            self.register_outputs({**outputs, **beside})


def _explaining_two_names(
    init: Callable[..., None], reader: type[Reader]
) -> "staticmethod[..., object]":
    """Make a `__new__` that explains a second name, of which Python would say that it is one too many.

    Args:
        init: The component's constructor, whose signature `inspect.signature` and help() show.
        reader: Makes the error.
    """

    @functools.wraps(init)
    def __new__(cls: type, *args: object, **kwargs: object) -> object:  # noqa: N807 (it becomes the class's own)
        if args and "name" in kwargs:
            with one_clear_message():
                raise reader.two_names(str(args[0]))
        return object.__new__(cls)

    return staticmethod(__new__)


# Frames from Pulumi's look at the stack to the line of the program that makes a component. One too few
# leaves the source position out of the state, more than enough leaves more frames in it.
_FRAMES = 6


class _ShortStackTraces:
    """`sys.tracebacklimit` is the process's, and components may be made in several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = getattr(sys, "tracebacklimit", None)
                sys.tracebacklimit = _FRAMES
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                if self._before is None:
                    del sys.tracebacklimit
                else:
                    sys.tracebacklimit = self._before


_short = _ShortStackTraces()


@contextmanager
def short_stack_trace() -> Iterator[None]:
    """Keep the line of the program that makes the component, and not the whole call stack, in the state.

    The SDK stores every frame with every resource, which is two thirds of what a container takes in the
    state file. Because a file backend writes all of it at each step, 200 secrets took twice as long.
    """
    with _short:
        yield
