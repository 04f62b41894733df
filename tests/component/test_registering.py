"""What a component is for Pulumi, and what its registration leaves behind."""


def test_components_made_in_threads_leave_the_process_as_it_was() -> None:
    import sys
    import threading

    from infra_secrets.component.registering import short_stack_trace

    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with short_stack_trace():
            inside.set()
            leave.wait(60)

    first = threading.Thread(target=stay)
    with short_stack_trace():
        first.start()
        inside.wait(60)
    still_short = sys.tracebacklimit
    leave.set()
    first.join(60)

    assert still_short
    assert not hasattr(sys, "tracebacklimit")
