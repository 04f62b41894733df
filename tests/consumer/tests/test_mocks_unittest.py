"""Unit tests with unittest and Pulumi's own mocks, as its documentation teaches them.

https://www.pulumi.com/docs/iac/guides/testing/unit/
"""

# Written as there, which is not how the linter would have it:
# ruff: noqa: ARG002, E402, PT009, PT027

import unittest

import pulumi


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        outputs = args.inputs
        if args.typ == "aws:secretsmanager/secret:Secret":
            region, account = "eu-west-1", "123456789012"
            name = f"{args.inputs['name']}-AbCdEf"
            outputs = {
                **args.inputs,
                "arn": f"arn:aws:secretsmanager:{region}:{account}:secret:{name}",
            }
        return [args.name + "_id", outputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


pulumi.runtime.set_mocks(MyMocks())

from infra_secrets import InfraSecretsError, Secret  # after the mocks


class TestingWithMocks(unittest.TestCase):
    @pulumi.runtime.test
    def test_the_operator_is_told_the_region(self):
        secret = Secret("StripeApiKey", cloud="aws")

        def check(command):
            self.assertIn("--region eu-west-1", command)

        return secret.set_command.apply(check)

    @pulumi.runtime.test
    def test_another_test_may_make_the_same_secret(self):
        secret = Secret("StripeApiKey", cloud="aws", fields=["A", "B"], key="stripe-api-key")

        def check(arn):
            self.assertTrue(arn.endswith(":secret:project/stack/stripe-api-key-AbCdEf"))

        return secret.secret_id.apply(check)

    @pulumi.runtime.test
    def test_two_secrets_of_one_program_share_no_container(self):
        Secret("StripeApiKey", cloud="aws")
        with self.assertRaisesRegex(InfraSecretsError, "a different key="):
            Secret("Payments", cloud="aws", key="stripe-api-key")

    def test_a_test_without_a_decorator_may_make_it_too(self):
        Secret("Another", cloud="aws")

    def test_and_one_more(self):
        Secret("Another", cloud="aws")

    def test_a_value_is_refused(self):
        with self.assertRaisesRegex(InfraSecretsError, "never takes its value"):
            Secret("StripeApiKey", cloud="aws", value="made up")


if __name__ == "__main__":
    unittest.main()
