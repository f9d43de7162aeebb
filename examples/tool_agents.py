"""The agents of the package ToolAgents, as they are, in front of the server: sync, async, and streaming.

pip install 'toolfeed[serve,toolagents]'
toolfeed serve
python examples/tool_agents.py http://127.0.0.1:8000
"""

from __future__ import annotations

import asyncio
import sys

from ToolAgents import FunctionTool, ToolRegistry
from ToolAgents.agents import AsyncChatToolAgent, ChatToolAgent
from ToolAgents.data_models.messages import ChatMessage
from ToolAgents.provider.chat_api_provider.open_ai import AsyncOpenAIChatAPI, OpenAIChatAPI

QUESTION = "How is the weather in Oslo?"


def get_weather(city: str) -> str:
    """
    Get the weather in a city.

    Args:
        city: The city's name.
    """
    return f"{city}: 21 degrees"


def main(url: str, model: str = "replay/hermes") -> None:
    """The same question three times."""
    registry = ToolRegistry()
    registry.add_tool(FunctionTool(get_weather))

    agent = ChatToolAgent(chat_api=OpenAIChatAPI(api_key="none", model=model, base_url=f"{url}/v1"))
    whole = agent.get_response([ChatMessage.create_user_message(QUESTION)], registry)
    print(f"whole: {whole.response}")

    async def ask() -> None:
        api = AsyncOpenAIChatAPI(api_key="none", model=model, base_url=f"{url}/v1")
        answer = await AsyncChatToolAgent(chat_api=api).get_response(
            [ChatMessage.create_user_message(QUESTION)], registry
        )
        print(f"async: {answer.response}")

    asyncio.run(ask())

    for chunk in agent.get_streaming_response([ChatMessage.create_user_message(QUESTION)], registry):
        if chunk.chunk:
            print(f"chunk {chunk.chunk!r}")
        if chunk.has_tool_call_result:
            result = chunk.tool_call_result
            print(f"tool result {result['tool_call_name']}: {result['tool_call_result']}")
        if chunk.finished:
            print(f"response: {chunk.finished_response.response}")


if __name__ == "__main__":
    main(*sys.argv[1:])
